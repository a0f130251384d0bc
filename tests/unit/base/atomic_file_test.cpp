// SPDX-License-Identifier: Apache-2.0
#include "muster/base/atomic_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "scratch.hpp"

namespace {
int synchronised = 0;
}  // namespace

/// In the place of libc's.
extern "C" int fsync(int fd) {
    ++synchronised;
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::size_t files_in(const std::string& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

ino_t inode(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

TEST(WriteFile, WaitsForTheDiskOnlyWhereTheFileIsLasting) {
    const Scratch scratch;
    synchronised = 0;
    EXPECT_TRUE(write_file(scratch / "made-anew", "a", 0644, Lasting::no));
    EXPECT_EQ(synchronised, 0);
    EXPECT_TRUE(write_file(scratch / "kept", "a", 0644));
    EXPECT_EQ(synchronised, 1);
}

TEST(WriteFile, MakesAFileWithExactlyItsMode) {
    const Scratch scratch;
    const mode_t old = ::umask(077);
    EXPECT_TRUE(write_file(scratch / "public", "a", 0644));
    ::umask(0);
    EXPECT_TRUE(write_file(scratch / "secret", "b", 0600));
    ::umask(old);
    EXPECT_EQ(mode_of(scratch / "public"), 0644u);
    EXPECT_EQ(mode_of(scratch / "secret"), 0600u);
    EXPECT_EQ(content_of(scratch / "public"), "a");
    EXPECT_EQ(files_in(scratch / "."), 2u) << "no temporary file stays";
}

TEST(WriteFile, LeavesAReaderItsOldFile) {
    const Scratch scratch;
    const auto path = scratch.file("f", "old");
    std::ifstream reader(path);
    EXPECT_TRUE(write_file(path, "new", 0600));
    std::string seen;
    reader >> seen;
    EXPECT_EQ(seen, "old");
    EXPECT_EQ(content_of(path), "new");
}

TEST(WriteFile, RefusesWhatIsNoRegularFileAndLeavesIt) {
    const Scratch scratch;
    const auto pipe = scratch / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto link = scratch / "link";
    fs::create_symlink("/dev/full", link);
    for (const auto& path : {pipe, link}) {
        const auto written = write_file(path, "a", 0600);
        ASSERT_FALSE(written) << path;
        EXPECT_EQ(written.error().kind, Kind::io);
        EXPECT_THAT(written.error().message, HasSubstr(path + ": not a regular file"));
    }
    EXPECT_TRUE(fs::is_fifo(pipe));
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(files_in(scratch / "."), 2u) << "no temporary file stays";
}

TEST(WriteFile, LeavesAFileThatHoldsTheContentAlready) {
    const Scratch scratch;
    const auto path = scratch.file("f", "same", 0600);
    const auto before = inode(path);
    EXPECT_TRUE(write_file(path, "same", 0600));
    EXPECT_EQ(inode(path), before);
    EXPECT_TRUE(write_file(path, "same", 0644));
    EXPECT_NE(inode(path), before) << "another mode is another file";
    EXPECT_EQ(mode_of(path), 0644u);
}

TEST(WriteFile, ReplacesALinkNotItsTarget) {
    const Scratch scratch;
    const auto target = scratch.file("target", "x", 0600);
    fs::create_symlink(target, scratch / "link");
    EXPECT_TRUE(write_file(scratch / "link", "x", 0600));
    EXPECT_FALSE(fs::is_symlink(scratch / "link"));
    EXPECT_TRUE(write_file(scratch / "link", "y", 0600));
    EXPECT_EQ(content_of(target), "x");
}

TEST(WriteFile, SaysWhereItCannotWrite) {
    const Scratch scratch;
    const auto missing = write_file(scratch / "none/f", "x", 0600);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, Kind::io);
    EXPECT_EQ(missing.error().message,
              "write " + (scratch / "none/f") + ": No such file or directory");
    scratch.file("file", "");
    EXPECT_THAT(write_file(scratch / "file/f", "x", 0600).error().message,
                HasSubstr("Not a directory"));
    fs::create_directory(scratch / "directory");
    EXPECT_THAT(write_file(scratch / "directory", "x", 0600).error().message,
                HasSubstr("Is a directory"));
    EXPECT_EQ(files_in(scratch / "."), 2u) << "the temporary file is gone";
}

TEST(WriteFile, CannotWriteIntoADirectoryOfOthers) {
    const Scratch scratch;
    fs::create_directory(scratch / "d");
    ::chmod((scratch / "d").c_str(), 0555);
    const auto target = scratch / "d/f";
    EXPECT_EQ(in_child([&] {
                  if (::geteuid() == 0 && ::setuid(65'534) != 0) return 2;
                  const auto written = write_file(target, "x", 0600);
                  return !written && written.error().message.ends_with("Permission denied") ? 0 : 1;
              }),
              0);
    EXPECT_EQ(files_in(scratch / "d"), 0u);
}

/// A failure half-way through: the file may be as long as 4 bytes.
TEST(WriteFile, KeepsTheOldFileWhenTheNewOneDoesNotFit) {
    const Scratch scratch;
    const auto path = scratch.file("f", "old", 0600);
    EXPECT_EQ(in_child([&] {
                  ::signal(SIGXFSZ, SIG_IGN);
                  const rlimit limit{.rlim_cur = 4, .rlim_max = 4};
                  ::setrlimit(RLIMIT_FSIZE, &limit);
                  const auto written = write_file(path, "more than four bytes", 0600);
                  if (written || written.error().kind != Kind::io) return 1;
                  return written.error().message == path + ": write: File too large" ? 0 : 2;
              }),
              0);
    EXPECT_EQ(content_of(path), "old");
    EXPECT_EQ(files_in(scratch / "."), 1u);
}

/// Makes `path` a full tmpfs of this process alone, with a file "f" in it; false where that takes
/// more rights than there are.
bool fill_disk_at(const std::string& path) {
    if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    if (::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    if (::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=8k,nr_inodes=10") != 0) return false;
    std::ofstream(path + "/f") << "old";
    std::ofstream(path + "/rest") << std::string(64 * 1024, 'x');
    return true;
}

TEST(WriteFile, KeepsTheOldFileOnAFullDisk) {
    const Scratch scratch;
    const std::string disk = scratch / "disk";
    fs::create_directory(disk);
    constexpr int cannot_mount = 77;
    const int code = in_child([&] {
        if (!fill_disk_at(disk)) return cannot_mount;
        const auto written = write_file(disk + "/f", "new content", 0600);
        if (written || !written.error().message.ends_with("No space left on device")) return 1;
        if (content_of(disk + "/f") != "old") return 2;
        return files_in(disk) == 2 ? 0 : 3;
    });
    if (code == cannot_mount) GTEST_SKIP() << "a tmpfs of one's own takes a user namespace";
    EXPECT_EQ(code, 0);
}

TEST(MakeDirectories, MakesWhatIsMissingWithTheMode) {
    const Scratch scratch;
    const mode_t old = ::umask(022);
    EXPECT_TRUE(make_directories(scratch / "a/b/c", 0700));
    EXPECT_TRUE(make_directories(scratch / "a/b/c", 0700));
    EXPECT_TRUE(make_directories(scratch / "a/d/", 0755));
    ::umask(old);
    EXPECT_EQ(mode_of(scratch / "a"), 0700u);
    EXPECT_EQ(mode_of(scratch / "a/b/c"), 0700u);
    EXPECT_EQ(mode_of(scratch / "a/d"), 0755u);
}

TEST(MakeDirectories, AcceptsALinkToADirectoryAndNoFile) {
    const Scratch scratch;
    fs::create_directory(scratch / "real");
    fs::create_symlink(scratch / "real", scratch / "link");
    EXPECT_TRUE(make_directories(scratch / "link/x", 0700));
    EXPECT_TRUE(fs::is_directory(scratch / "real/x"));
    scratch.file("file", "");
    const auto made = make_directories(scratch / "file/x", 0700);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, Kind::io);
    EXPECT_EQ(made.error().message, "make directory " + (scratch / "file") + ": File exists");
}

}  // namespace
}  // namespace muster
