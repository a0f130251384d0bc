// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/permissions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include "muster/curve.hpp"
#include "scratch.hpp"

namespace muster::curve {
namespace {

using testing::HasSubstr;

std::string certificate_text() {
    const Certificate certificate{.name = "test", .metadata = {}, .keys = make_key_pair().value()};
    return std::string(format(certificate)->view());
}

struct Row {
    mode_t mode;
    bool is_private;
};

/// flux-broker.md, section 3: only S_IRGRP and S_IROTH count.
const Row modes[] = {
    {0400, true},  {0600, true},  {0622, true},  {0611, true},  {0700, true},  {04600, true},
    {0644, false}, {0640, false}, {0604, false}, {0444, false}, {0440, false}, {0660, false},
};

TEST(Permissions, ModesOnADisk) {
    const Scratch scratch;
    for (const auto& [mode, is_private] : modes)
        for (const Permissions permissions :
             {Permissions::private_only, Permissions::secret_volume}) {
            const std::string path = scratch.file("curve.cert", certificate_text(), mode);
            const auto certificate = read(path, permissions);
            ASSERT_EQ(certificate.has_value(), is_private) << std::oct << mode;
            if (is_private) continue;
            EXPECT_EQ(certificate.error().kind, Kind::denied);
            EXPECT_THAT(certificate.error().message, HasSubstr(path));
            EXPECT_THAT(certificate.error().message, HasSubstr("readable by group or others"));
            EXPECT_THAT(certificate.error().message, HasSubstr(fmt::format("{:04o}", mode)));
            EXPECT_THAT(certificate.error().message, HasSubstr("chmod 600"));
        }
}

TEST(Permissions, SharedSecretsHaveTheSameRule) {
    const Scratch scratch;
    const std::string text(format(make_shared_secret()).view());
    EXPECT_TRUE(read_shared_secret(scratch.file("private", text, 0600)).has_value());
    const auto refused = read_shared_secret(scratch.file("public", text, 0644));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, Kind::denied);
    EXPECT_THAT(refused.error().message, HasSubstr("shared secret"));
}

TEST(Permissions, LinksCountAsWhatTheyLeadTo) {
    const Scratch scratch;
    scratch.file("private", certificate_text(), 0600);
    scratch.file("public", certificate_text(), 0644);
    std::filesystem::create_symlink("private", scratch / "to-private");
    std::filesystem::create_symlink("public", scratch / "to-public");
    EXPECT_TRUE(read(scratch / "to-private").has_value());
    EXPECT_EQ(read(scratch / "to-public").error().kind, Kind::denied);
}

/// A mount namespace of this process alone: as root, or by a user namespace in which it is itself.
/// False where the system allows neither.
bool enter_mount_namespace() {
    if (::unshare(CLONE_NEWNS) != 0) {
        const uid_t uid = ::geteuid();
        const gid_t gid = ::getegid();
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        std::ofstream("/proc/self/uid_map") << uid << ' ' << uid << " 1";
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/gid_map") << gid << ' ' << gid << " 1";
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

constexpr int cannot = 77;

/// Lays out a Secret volume in a tmpfs as kubelet's atomic writer does, remounts it with `flags`
/// and returns the exit code of read(): 0, or the kind.
int read_from_volume(const std::string& directory, mode_t mode, unsigned long flags,
                     Permissions permissions) {
    return in_child([&]() -> int {
        if (!enter_mount_namespace() ||
            ::mount("tmpfs", directory.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, nullptr) != 0)
            return cannot - 1;
        const std::filesystem::path volume(directory);
        std::filesystem::create_directory(volume / "..2026_11_22");
        std::ofstream(volume / "..2026_11_22/curve.cert") << certificate_text();
        ::chmod((volume / "..2026_11_22/curve.cert").c_str(), mode);
        std::filesystem::create_symlink("..2026_11_22", volume / "..data");
        std::filesystem::create_symlink("..data/curve.cert", volume / "curve.cert");
        if (::mount("none", directory.c_str(), nullptr,
                    MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | flags, nullptr) != 0)
            return cannot - 1;
        const auto certificate = read((volume / "curve.cert").string(), permissions);
        return certificate ? 0 : exit_code(certificate.error().kind);
    });
}

TEST(Permissions, SecretVolume) {
    const Scratch scratch;
    const std::string volume = scratch / "volume";
    std::filesystem::create_directory(volume);
    if (read_from_volume(volume, 0400, MS_RDONLY, Permissions::private_only) == cannot - 1)
        GTEST_SKIP() << "no mount namespace here: the rule for Secret volumes is not tested";
    constexpr int denied = exit_code(Kind::denied);
    static_assert(denied == cannot);
    struct VolumeRow {
        mode_t mode;
        unsigned long flags;
        Permissions permissions;
        int expected;
    };
    const VolumeRow rows[] = {
        {0400, MS_RDONLY, Permissions::private_only, 0},
        {0644, MS_RDONLY, Permissions::private_only, denied},  // not copied: Flux would refuse it
        {0644, MS_RDONLY, Permissions::secret_volume, 0},      // the default mode
        {0440, MS_RDONLY, Permissions::secret_volume, 0},      // fsGroup
        {0444, MS_RDONLY, Permissions::secret_volume, 0},
        {0644, 0, Permissions::secret_volume, denied},  // a tmpfs that one can write to: /dev/shm
        {0440, 0, Permissions::secret_volume, denied},
        {0400, 0, Permissions::secret_volume, 0},
    };
    for (const VolumeRow& row : rows)
        EXPECT_EQ(read_from_volume(volume, row.mode, row.flags, row.permissions), row.expected)
            << std::oct << row.mode << (row.flags != 0 ? " read-only" : " writable");
}

TEST(Permissions, ReadOnlyDiskIsNoSecretVolume) {
    const Scratch scratch;
    struct statfs filesystem{};
    if (::statfs((scratch / "").c_str(), &filesystem) == 0 && filesystem.f_type == TMPFS_MAGIC)
        GTEST_SKIP() << "the directory for temporary files is no disk";
    scratch.file("curve.cert", certificate_text(), 0644);
    const int code = in_child([&]() -> int {
        const std::string directory = scratch / "";
        if (!enter_mount_namespace()) return cannot - 1;
        if (::mount(directory.c_str(), "/mnt", nullptr, MS_BIND, nullptr) != 0 ||
            ::mount("none", "/mnt", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0)
            return cannot - 1;
        if (std::ofstream("/mnt/probe").is_open()) return 1;
        const auto certificate = read("/mnt/curve.cert", Permissions::secret_volume);
        return certificate ? 0 : exit_code(certificate.error().kind);
    });
    if (code == cannot - 1) GTEST_SKIP() << "no mount namespace here";
    EXPECT_EQ(code, exit_code(Kind::denied));
}

TEST(SecretFile, NotAFileThatCanBeRead) {
    const Scratch scratch;
    std::filesystem::create_directory(scratch / "directory");
    ASSERT_EQ(::mkfifo((scratch / "fifo").c_str(), 0600), 0);
    std::filesystem::create_symlink("nowhere", scratch / "dangling");
    std::filesystem::create_symlink("loop", scratch / "loop");
    scratch.file("file", "", 0600);
    struct FileRow {
        std::string name;
        Kind kind;
        std::string says;
    };
    const FileRow rows[] = {
        {"missing", Kind::io, "no such file; write one with `muster keygen`"},
        {"file/below", Kind::io, "no such file"},
        {"dangling", Kind::io, "no such file"},
        {"loop", Kind::io, "Too many levels of symbolic links"},
        {"directory", Kind::config, "is a directory; name the file in it"},
        {"fifo", Kind::config, "is not a regular file"},  // and does not wait for a writer
    };
    for (const auto& [name, kind, says] : rows) {
        const auto certificate = read(scratch / name);
        ASSERT_FALSE(certificate.has_value()) << name;
        EXPECT_EQ(certificate.error().kind, kind) << name;
        EXPECT_THAT(certificate.error().message, HasSubstr("certificate " + (scratch / name)));
        EXPECT_THAT(certificate.error().message, HasSubstr(says));
        const auto secret = read_shared_secret(scratch / name);
        ASSERT_FALSE(secret.has_value()) << name;
        EXPECT_EQ(secret.error().kind, kind) << name;
    }
    EXPECT_EQ(read("/dev/null").error().kind, Kind::config);
}

TEST(SecretFile, NotReadableForThisUser) {
    const Scratch scratch;
    const std::string path = scratch.file("curve.cert", certificate_text(), 0000);
    ::chmod((scratch / "").c_str(), 0755);
    const int code = in_child([&]() -> int {
        if (::geteuid() == 0 && (::setgid(12345) != 0 || ::setuid(12345) != 0)) return 1;
        const auto certificate = read(path);
        if (certificate ||
            certificate.error().message.find("permission denied for uid") == std::string::npos)
            return 2;
        return exit_code(certificate.error().kind);
    });
    EXPECT_EQ(code, exit_code(Kind::denied));
}

TEST(SecretFile, Length) {
    const Scratch scratch;
    const std::string text = certificate_text();
    // Comment lines up to the limit of 16 KiB are read; one byte more is not.
    std::string padding;
    while (padding.size() + text.size() < 16 * 1024) padding += "#\n";
    padding.resize(16 * 1024 - text.size() - 1);
    padding += '\n';
    EXPECT_TRUE(read(scratch.file("at", padding + text)).has_value());
    const auto above = read(scratch.file("above", padding + text + "\n"));
    ASSERT_FALSE(above.has_value());
    EXPECT_EQ(above.error().kind, Kind::malformed);
    EXPECT_THAT(above.error().message, HasSubstr("longer than 16384 bytes"));
}

}  // namespace
}  // namespace muster::curve
