#include "engine/cpu_quota.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "parwork/cpus.hpp"

namespace {

namespace fs = std::filesystem;
using parwork::detail::affinity_cpus;
using parwork::detail::cpu_quota;

// A root directory of the test's own, filled with the files a kernel would show.
class cpu_quota_files : public testing::Test {
 protected:
  cpu_quota_files() {
    std::string pattern = (fs::temp_directory_path() / "parwork_cpu_quota_XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) root_ = pattern;
  }
  ~cpu_quota_files() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  void SetUp() override { ASSERT_FALSE(root_.empty()); }

  void put(const fs::path& name, std::string_view content) const {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

  void put_v2_mount() const {
    put("proc/self/mountinfo",
        "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }

  std::optional<unsigned> quota() const { return cpu_quota(root_); }

  fs::path root_;
};

using cpu_quota_v2 = cpu_quota_files;
using cpu_quota_v1 = cpu_quota_files;
using cpu_quota_hybrid = cpu_quota_files;
using cpu_quota_malformed = cpu_quota_files;

TEST_F(cpu_quota_files, without_any_there_is_none) { EXPECT_EQ(quota(), std::nullopt); }

TEST_F(cpu_quota_v2, is_read_from_the_groups_cpu_max) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/system.slice/job.service\n");
  put("sys/fs/cgroup/system.slice/job.service/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota(), 3u);
}

TEST_F(cpu_quota_v2, is_rounded_up) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/job\n");
  put("sys/fs/cgroup/job/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 2u);
  put("sys/fs/cgroup/job/cpu.max", "1000 100000\n");
  EXPECT_EQ(quota(), 1u);
}

TEST_F(cpu_quota_v2, max_is_none) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/job\n");
  put("sys/fs/cgroup/job/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(cpu_quota_v2, the_smallest_of_all_ancestors_wins) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/outer/middle/inner\n");
  put("sys/fs/cgroup/outer/cpu.max", "200000 100000\n");
  put("sys/fs/cgroup/outer/middle/cpu.max", "max 100000\n");
  put("sys/fs/cgroup/outer/middle/inner/cpu.max", "800000 100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_v2, of_the_group_at_the_mount_point_counts) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/cpu.max", "50000 25000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_v2, of_a_container_named_by_the_hosts_path_is_found_at_the_mount_point) {
  put("proc/self/mountinfo",
      "30 24 0:26 /docker/ab12 /sys/fs/cgroup ro shared:4 - cgroup2 cgroup rw\n");
  put("proc/self/cgroup", "0::/docker/ab12\n");
  put("sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 4u);
}

TEST_F(cpu_quota_v2, a_group_whose_name_only_begins_like_the_mounted_one_is_not_below_it) {
  put("proc/self/mountinfo",
      "30 24 0:26 /job /mnt/other rw - cgroup2 cgroup rw\n"
      "31 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
  put("proc/self/cgroup", "0::/job2\n");
  put("mnt/other/cpu.max", "100000 100000\n");
  put("sys/fs/cgroup/job2/cpu.max", "500000 100000\n");
  EXPECT_EQ(quota(), 5u);
}

TEST_F(cpu_quota_v2, names_with_colons_and_spaces_are_understood) {
  put("proc/self/mountinfo", "30 24 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n");
  put("proc/self/cgroup", "0::/a:b c\n");
  put("my groups/a:b c/cpu.max", "700000 100000\n");
  EXPECT_EQ(quota(), 7u);
}

TEST_F(cpu_quota_v2, is_found_where_mounts_cannot_be_read) {
  put("proc/self/cgroup", "0::/job\n");
  put("sys/fs/cgroup/job/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_v2, a_process_outside_of_what_is_mounted_has_none) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/../elsewhere\n");
  put("sys/fs/elsewhere/cpu.max", "100000 100000\n");
  put("sys/fs/cgroup/elsewhere/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(cpu_quota_v1, is_read_from_co_mounted_controllers) {
  put("proc/self/mountinfo",
      "33 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "34 32 0:31 / /sys/fs/cgroup/cpuset rw shared:10 - cgroup cgroup rw,cpuset\n");
  put("proc/self/cgroup", "5:cpuset:/elsewhere\n4:cpu,cpuacct:/job\n1:name=systemd:/job\n");
  put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
  put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 3u);
}

TEST_F(cpu_quota_v1, minus_one_is_none) {
  put("proc/self/mountinfo", "33 32 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  put("proc/self/cgroup", "4:cpu:/\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(cpu_quota_v1, the_smallest_of_all_ancestors_wins) {
  put("proc/self/mountinfo", "33 32 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  put("proc/self/cgroup", "4:cpu:/outer/inner\n");
  put("sys/fs/cgroup/cpu/outer/cpu.cfs_quota_us", "100000\n");
  put("sys/fs/cgroup/cpu/outer/cpu.cfs_period_us", "50000\n");
  put("sys/fs/cgroup/cpu/outer/inner/cpu.cfs_quota_us", "900000\n");
  put("sys/fs/cgroup/cpu/outer/inner/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_v1, of_a_container_named_by_the_hosts_path_is_found_at_the_mount_point) {
  put("proc/self/mountinfo",
      "33 32 0:30 /docker/ab12 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  put("proc/self/cgroup", "4:cpu:/docker/ab12/child\n");
  put("sys/fs/cgroup/cpu/child/cpu.cfs_quota_us", "600000\n");
  put("sys/fs/cgroup/cpu/child/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 6u);
}

TEST_F(cpu_quota_v1, of_a_container_with_its_own_namespace_is_relative_to_the_mount) {
  put("proc/self/mountinfo",
      "33 32 0:30 /docker/ab12 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  put("proc/self/cgroup", "4:cpu:/\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_v1, of_a_group_whose_path_is_not_visible_is_the_mount_points) {
  put("proc/self/mountinfo", "33 32 0:30 /ab12 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  put("proc/self/cgroup", "4:cpu:/docker/ab12\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_v1, is_found_where_mounts_cannot_be_read) {
  put("proc/self/cgroup", "4:cpu,cpuacct:/job\n");
  put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "200000\n");
  put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_hybrid, takes_the_smaller_of_both) {
  put("proc/self/mountinfo",
      "33 32 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
      "41 32 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  put("proc/self/cgroup", "1:cpu:/job\n0::/scope\n");
  put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "300000\n");
  put("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 3u);
  put("sys/fs/cgroup/unified/scope/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2u);
  put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(quota(), 1u);
}

TEST_F(cpu_quota_malformed, quotas_are_ignored) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/outer/job\n");
  put("sys/fs/cgroup/outer/cpu.max", "900000 100000\n");
  for (const char* content :
       {"", "\n", "200000", "200000 0", "200000 -1", "0 100000", "-1 100000", "many 100000",
        "200000 100000 7", "2e5 1e5", "99999999999999999999 100000", "0x10 1", "200000x 100000"}) {
    put("sys/fs/cgroup/outer/job/cpu.max", content);
    EXPECT_EQ(quota(), 9u) << "cpu.max: " << content;
  }
}

TEST_F(cpu_quota_malformed, lines_are_ignored) {
  put("proc/self/mountinfo",
      "\n30\n30 24 0:26 / /sys/fs/cgroup rw\n30 24 0:26 / /other rw -\n"
      "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  put("proc/self/cgroup", "\nnonsense\n0:\n0::no/slash\n7:cpu\n0::/job\n");
  put("sys/fs/cgroup/job/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cpu_quota_malformed, huge_quotas_do_not_overflow) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/job\n");
  put("sys/fs/cgroup/job/cpu.max", "9223372036854775807 1\n");
  EXPECT_EQ(quota(), std::numeric_limits<unsigned>::max());
}

TEST_F(cpu_quota_files, limits_the_available_cpus) {
  put_v2_mount();
  put("proc/self/cgroup", "0::/job\n");
  put("sys/fs/cgroup/job/cpu.max", "50000 100000\n");
  EXPECT_EQ(parwork::detail::available_cpus(root_), 1u);
}

TEST_F(cpu_quota_files, never_raises_the_available_cpus) {
  const unsigned without = parwork::detail::available_cpus(root_);
  EXPECT_GE(without, 1u);
  put_v2_mount();
  put("proc/self/cgroup", "0::/job\n");
  put("sys/fs/cgroup/job/cpu.max", "409600000 100000\n");
  EXPECT_EQ(parwork::detail::available_cpus(root_), without);
}

cpu_set_t current_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  EXPECT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
  return mask;
}

cpu_set_t first_of(const cpu_set_t& mask) {
  cpu_set_t single;
  CPU_ZERO(&single);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &mask)) {
      CPU_SET(cpu, &single);
      break;
    }
  }
  return single;
}

TEST(available_cpus, is_one_on_a_thread_bound_to_one_cpu) {
  unsigned seen = 0;
  std::jthread([&seen] {
    const cpu_set_t single = first_of(current_mask());
    ASSERT_EQ(sched_setaffinity(0, sizeof single, &single), 0);
    seen = parwork::available_cpus();
  }).join();
  EXPECT_EQ(seen, 1u);
}

TEST(available_cpus, is_never_more_than_the_affinity_mask_nor_zero) {
  const cpu_set_t mask = current_mask();
  EXPECT_GE(parwork::available_cpus(), 1u);
  EXPECT_LE(parwork::available_cpus(), static_cast<unsigned>(CPU_COUNT(&mask)));
}

TEST(affinity_cpus, grows_the_mask_until_the_kernel_takes_it) {
  const auto kernel_with_4096_cpus = [](pid_t, std::size_t bytes, cpu_set_t* mask) {
    if (bytes < 4096 / 8) {
      errno = EINVAL;
      return -1;
    }
    CPU_ZERO_S(bytes, mask);
    for (std::size_t cpu = 1000; cpu < 3000; ++cpu) CPU_SET_S(cpu, bytes, mask);
    return 0;
  };
  EXPECT_EQ(affinity_cpus(kernel_with_4096_cpus), 2000u);
}

TEST(affinity_cpus, is_unknown_where_the_call_fails) {
  EXPECT_EQ(affinity_cpus([](pid_t, std::size_t, cpu_set_t*) {
              errno = EPERM;
              return -1;
            }),
            std::nullopt);
  EXPECT_EQ(affinity_cpus([](pid_t, std::size_t, cpu_set_t*) {
              errno = EINVAL;
              return -1;
            }),
            std::nullopt);
}

}  // namespace
