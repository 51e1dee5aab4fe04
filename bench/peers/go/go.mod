module parwork_peer

go 1.19
