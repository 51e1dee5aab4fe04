// expect: refs needs a range of lvalues
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<bool> flags(10);
  parwork::process(parwork::refs(flags), [](bool flag) { return flag; }, [](bool) {});
}
