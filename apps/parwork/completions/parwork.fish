# fish completion of parwork(1)

# Whether the command has not begun: every word so far is an option, or the value of one.
function __parwork_at_options
    set -l valued -a --input -d --delimiter -n --items-per-job -C --columns -j --workers -c --shell --engine --output \
        --buffer --ahead --halt --retries --retry-delay --timeout --grace --journal --log --report --progress
    set -l words (commandline -opc)
    set -e words[1]
    if contains -- "$words[1]" run resume
        set -e words[1]
    end
    while set -q words[1]
        if contains -- $words[1] $valued
            set -e words[1]
            set -q words[1]; or return 0
        else if not string match -q -- '-*' $words[1]
            return 1
        end
        set -e words[1]
    end
    return 0
end

function __parwork_at_results
    contains -- results (commandline -opc)[2]
end

function __parwork_at_report
    contains -- report (commandline -opc)[2]
end

complete -c parwork -n __fish_use_subcommand -a run -d 'Run a command for each item'
complete -c parwork -n __fish_use_subcommand -a resume -d 'Go on with a run after a crash'
complete -c parwork -n __fish_use_subcommand -a results -d 'Print recorded outputs'
complete -c parwork -n __fish_use_subcommand -a report -d 'Write a page that shows where the time went'
complete -c parwork -n __fish_use_subcommand -l version -d 'Show the version'
complete -c parwork -n __parwork_at_results -l failed -d 'Only those of failed jobs'
complete -c parwork -n __parwork_at_results -l tag -d 'Put the item before each line'
complete -c parwork -n __parwork_at_report -s o -l output -r -d 'Where the report goes'
complete -c parwork -n __parwork_at_report -s q -l quiet -d 'Do not say what bounded the run'
complete -c parwork -n __parwork_at_report -s h -l help -d 'Show the options'
complete -c parwork -n __parwork_at_options -s a -l input -r -d 'Read items from a file'
complete -c parwork -n __parwork_at_options -s 0 -l null -d 'Items end with NUL bytes'
complete -c parwork -n __parwork_at_options -s d -l delimiter -x -d 'Items end with this'
complete -c parwork -n __parwork_at_options -s n -l items-per-job -x -d 'Give so many items to each job'
complete -c parwork -n __parwork_at_options -s C -l columns -x -d 'Cut each item into columns'
complete -c parwork -n __parwork_at_options -l skip-blank -d 'Leave out blank items'
complete -c parwork -n __parwork_at_options -s j -l workers -x -d 'Run so many jobs at once'
complete -c parwork -n __parwork_at_options -s c -l shell -x -d 'Give a string to sh -c'
complete -c parwork -n __parwork_at_options -l engine -x -a local -d 'Where jobs run'
complete -c parwork -n __parwork_at_options -s k -l keep-order -d 'Show output in the order of the items'
complete -c parwork -n __parwork_at_options -l output -x -a 'group line raw' -d 'How output is shown'
complete -c parwork -n __parwork_at_options -l tag -d 'Put the item before each line'
complete -c parwork -n __parwork_at_options -l buffer -x -d 'Memory for held output'
complete -c parwork -n __parwork_at_options -l ahead -x -d 'How many items may be in flight'
complete -c parwork -n __parwork_at_options -l halt -x -a 'now,fail=1 soon,fail=1 now,success=1' -d 'End the run early'
complete -c parwork -n __parwork_at_options -l retries -x -d 'Try failed jobs again'
complete -c parwork -n __parwork_at_options -l retry-delay -x -d 'Wait before each further attempt'
complete -c parwork -n __parwork_at_options -l timeout -x -d 'End attempts that take longer'
complete -c parwork -n __parwork_at_options -l grace -x -d 'Time between TERM and KILL'
complete -c parwork -n __parwork_at_options -l journal -r -d 'Record what is done'
complete -c parwork -n __parwork_at_options -l resume -d 'Go on with the run of the journal'
complete -c parwork -n __parwork_at_options -l retry-failed -d 'Do failed jobs again'
complete -c parwork -n __parwork_at_options -l log -r -d 'Append JSON lines'
complete -c parwork -n __parwork_at_options -l report -r -d 'Write a page that shows where the time went'
complete -c parwork -n __parwork_at_options -l progress -x -a 'auto on off' -d 'Status line'
complete -c parwork -n __parwork_at_options -s q -l quiet -d 'Say nothing about failed jobs'
complete -c parwork -n __parwork_at_options -s v -l verbose -d 'Show each command'
complete -c parwork -n __parwork_at_options -l dry-run -d 'Show the commands and start none'
complete -c parwork -n __parwork_at_options -s h -l help -d 'Show the options'
