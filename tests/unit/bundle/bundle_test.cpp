// SPDX-License-Identifier: Apache-2.0
#include "muster/bundle.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "muster/flux_bundle.hpp"
#include "scratch.hpp"

namespace muster::bundle {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ParseList, TakesTheLibrariesAndLeavesTheLoaderAndTheKernelsOwn) {
    const auto libraries = parse_list(
        "\tlinux-vdso.so.1 (0x00007ffc1b5f2000)\n"
        "\tlibzmq.so.5 => /lib/x86_64-linux-gnu/libzmq.so.5 (0x00007f0c1a000000)\n"
        "\tlibodd.so => /a place/with (brackets)/libodd.so (0x00007f0c1a000000)\n"
        "\t/lib64/ld-linux-x86-64.so.2 => /elsewhere/ld.so (0x00007f0c1a5c8000)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f0c1a5c8000)\n");
    ASSERT_EQ(libraries.size(), 2u);
    EXPECT_EQ(libraries[0].name, "libzmq.so.5");
    EXPECT_EQ(libraries[0].path, "/lib/x86_64-linux-gnu/libzmq.so.5");
    EXPECT_EQ(libraries[1].path, "/a place/with (brackets)/libodd.so");
}

TEST(ParseList, MakesNothingOfOtherText) {
    EXPECT_THAT(parse_list(""), IsEmpty());
    EXPECT_THAT(parse_list("\tstatically linked\n"), IsEmpty());
    EXPECT_THAT(parse_list("\n => \n=>"), IsEmpty());
}

TEST(ReplaceString, OverwritesWholeStringsOnly) {
    using namespace std::string_literals;
    auto bytes = "\0/bin/bash\0x/bin/bash\0/bin/bash.d\0/bin/bash\0/bin/bash\0"s;
    const auto size = bytes.size();
    EXPECT_EQ(replace_string(bytes, "/bin/bash", "bash"), 3u);
    EXPECT_EQ(bytes.size(), size);
    EXPECT_EQ(bytes,
              "\0bash\0\0\0\0\0\0x/bin/bash\0/bin/bash.d\0bash\0\0\0\0\0\0bash\0\0\0\0\0\0"s);
    EXPECT_EQ(replace_string(bytes, "/bin/bash", "bash"), 0u);
    EXPECT_EQ(replace_string(bytes, "bash", "fish"), 3u);
}

TEST(Interpreter, IsNamedByADynamicProgramOnly) {
    EXPECT_THAT(*interpreter(A_DYNAMIC_PROGRAM), HasSubstr("/ld-linux"));
    EXPECT_EQ(*interpreter(A_STATIC_PROGRAM), "");
}

TEST(Interpreter, RefusesWhatIsNoProgram) {
    const Scratch scratch;
    EXPECT_EQ(interpreter(scratch / "missing").error().kind, Kind::io);
    for (const std::string text : {"", "#!/bin/sh\n",
                                   "\x7f"
                                   "ELF",
                                   "\x7f"
                                   "ELF\x02\x01"}) {
        const auto path = scratch.file("program", text);
        const auto found = interpreter(path);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().kind, Kind::malformed);
        EXPECT_THAT(found.error().message, HasSubstr(path));
    }
}

TEST(LibrariesOf, AsksTheLoader) {
    const auto loader = *interpreter(A_DYNAMIC_PROGRAM);
    EXPECT_THAT(*libraries_of(A_DYNAMIC_PROGRAM, loader, ""),
                Contains(Field(&Library::name, "libc.so.6")));
}

TEST(LibrariesOf, NamesALibraryThatIsNotThere) {
    const Scratch scratch;
    const auto loader = *interpreter(A_DYNAMIC_PROGRAM);
    auto bytes = content_of(A_DYNAMIC_PROGRAM);
    const std::string needed = "libcares.so.2";
    for (auto at = bytes.find(needed); at != std::string::npos; at = bytes.find(needed, at))
        bytes.replace(at, needed.size(), "libcares.so.0");
    const auto found = libraries_of(scratch.file("program", bytes, 0755), loader, "");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, Kind::config);
    EXPECT_THAT(found.error().message, HasSubstr("libcares.so.0"));
    const auto refused = libraries_of(scratch.file("text", "no program"), loader, "");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::config);
}

Sources sources(const Scratch& scratch) {
    return {.launcher = scratch.file("launcher", "a launcher"),
            .static_programs = {A_STATIC_PROGRAM},
            .dynamic_programs = {A_DYNAMIC_PROGRAM},
            .loader = "",
            .library_path = ""};
}

TEST(Install, CopiesProgramsLibrariesAndLoader) {
    const Scratch scratch;
    const auto items = install(sources(scratch), scratch / "made/here");
    ASSERT_TRUE(items) << items.error().message;
    for (const auto* name :
         {"bin/muster", "bin/muster-init", "libexec/muster", "lib/ld.so", "lib/libc.so.6"}) {
        const auto path = (scratch / "made/here/") + name;
        EXPECT_EQ(::access(path.c_str(), X_OK), 0) << name;
        EXPECT_THAT(*items, Contains(Field(&Item::path, name)));
    }
    EXPECT_EQ(content_of(scratch / "made/here/bin/muster"), "a launcher");
    EXPECT_THAT(items->back().path, HasSubstr("bin/")) << "the launchers come last";
}

TEST(Install, LeavesWhatIsTheSameAlready) {
    const Scratch scratch;
    ASSERT_TRUE(install(sources(scratch), scratch / "d"));
    struct stat before{};
    ::stat((scratch / "d/lib/libc.so.6").c_str(), &before);
    ASSERT_TRUE(install(sources(scratch), scratch / "d"));
    struct stat after{};
    ::stat((scratch / "d/lib/libc.so.6").c_str(), &after);
    EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST(Install, SaysWhatItCannotUse) {
    const Scratch scratch;
    auto wrong = sources(scratch);
    wrong.dynamic_programs = {A_STATIC_PROGRAM};
    EXPECT_THAT(install(wrong, scratch / "d").error().message, HasSubstr("static"));
    wrong = sources(scratch);
    wrong.dynamic_programs.push_back(scratch / "missing");
    EXPECT_EQ(install(wrong, scratch / "d").error().kind, Kind::io);
    EXPECT_EQ(install(sources(scratch), scratch.file("file", "") + "/d").error().kind, Kind::io);
    EXPECT_FALSE(std::filesystem::exists(scratch / "d"))
        << "nothing is written before all is known";
}

TEST(Verify, ComparesWhatEachProgramSays) {
    const Scratch scratch;
    std::filesystem::create_directories(scratch / "bin");
    const auto program =
        scratch.file("bin/tool", "#!/bin/sh\necho tool 1.2; test \"$*\" = --version", 0755);
    EXPECT_TRUE(verify(scratch / ".", {"tool"}, "1.2"));
    const auto other = verify(scratch / ".", {"tool"}, "1.3");
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message, HasSubstr("'tool 1.2', not version 1.3"));
    scratch.file("bin/tool", "#!/bin/sh\necho tool 1.2; kill -9 $$", 0755);
    EXPECT_THAT(verify(scratch / ".", {"tool"}, "1.2").error().message, HasSubstr("exit code 137"));
    EXPECT_EQ(verify(scratch / ".", {"none"}, "1.2").error().kind, Kind::no_program);
}

}  // namespace
}  // namespace muster::bundle
