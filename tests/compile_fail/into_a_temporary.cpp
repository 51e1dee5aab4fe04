// expect: parwork: into needs a container that outlives the run, and this is a temporary
#include <parwork/parwork.hpp>
#include <vector>

int main() { auto collector = parwork::into(std::vector<int>()); }
