// SPDX-License-Identifier: Apache-2.0
#include "muster/local/workspace.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace muster::local {
namespace {

using testing::ElementsAre;

TEST(WorkspaceCandidates, InOrder) {
    EXPECT_THAT(*workspace_candidates("", {}, 4), ElementsAre("/tmp"));
    EXPECT_THAT(
        *workspace_candidates("", {{"TMPDIR", "/scratch/"}, {"XDG_RUNTIME_DIR", "/run/user/7"}}, 4),
        ElementsAre("/run/user/7", "/scratch", "/tmp"));
    EXPECT_THAT(*workspace_candidates("", {{"TMPDIR", ""}, {"XDG_RUNTIME_DIR", "relative"}}, 4),
                ElementsAre("/tmp"));
    EXPECT_THAT(*workspace_candidates("/wanted", {{"TMPDIR", "/scratch"}}, 4),
                ElementsAre("/wanted"));
}

TEST(WorkspaceCandidates, SocketsMustFit) {
    // "/muster-XXXXXX" + "/pods/3/run/local-1048575" are 39 bytes of the 107 that there are.
    const std::string fits = "/" + std::string(67, 'a');
    EXPECT_THAT(*workspace_candidates("", {{"TMPDIR", fits}}, 4), ElementsAre(fits, "/tmp"));
    EXPECT_THAT(*workspace_candidates("", {{"TMPDIR", fits + "a"}}, 4), ElementsAre("/tmp"));
    EXPECT_THAT(*workspace_candidates("", {{"TMPDIR", fits}}, 1000), ElementsAre("/tmp"))
        << "three digits take more room than one";
    EXPECT_TRUE(workspace_candidates(fits, {}, 4));
    const auto refused = workspace_candidates(fits + "a", {}, 4);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::usage);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("at most 68 characters"));
}

class WorkspaceTest : public testing::Test {
  protected:
    WorkspaceTest() {
        char base[] = "/tmp/muster-workspace-test-XXXXXX";
        root_ = ::mkdtemp(base);
    }
    ~WorkspaceTest() override { std::filesystem::remove_all(root_); }
    std::string root_;
};

TEST_F(WorkspaceTest, IsPrivateAndGoesAway) {
    const auto workspace =
        Workspace::make("", {{"XDG_RUNTIME_DIR", "/proc"}, {"TMPDIR", root_}}, 2);
    ASSERT_TRUE(workspace) << workspace.error().message;
    EXPECT_THAT(workspace->path(), testing::StartsWith(root_ + "/muster-"))
        << "/proc cannot be written";
    ASSERT_TRUE(workspace->make_pod(1));
    struct stat status{};
    ASSERT_EQ(::stat(workspace->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
    ASSERT_EQ(::stat((workspace->pod(1) + "/tmp").c_str(), &status), 0);
    EXPECT_EQ(workspace->pod(1), workspace->path() + "/pods/1");
    std::ofstream(workspace->pod(1) + "/file") << "x";
    const std::string outside = root_ + "/outside";
    std::filesystem::create_directory(outside);
    std::ofstream(outside + "/kept") << "x";
    std::filesystem::create_directory_symlink(outside, workspace->pod(1) + "/link");
    ASSERT_TRUE(workspace->remove());
    EXPECT_FALSE(std::filesystem::exists(workspace->path()));
    EXPECT_TRUE(std::filesystem::exists(outside + "/kept")) << "links are not followed";
}

TEST_F(WorkspaceTest, MakesTheDirectoryThatIsWanted) {
    const auto workspace = Workspace::make(root_ + "/a/b", {}, 1);
    ASSERT_TRUE(workspace) << workspace.error().message;
    EXPECT_THAT(workspace->path(), testing::StartsWith(root_ + "/a/b/muster-"));
}

TEST_F(WorkspaceTest, SaysWhyNot) {
    const auto workspace = Workspace::make("/proc/nowhere", {}, 1);
    ASSERT_FALSE(workspace);
    EXPECT_EQ(workspace.error().kind, Kind::io);
    EXPECT_THAT(workspace.error().message, testing::HasSubstr("/proc/nowhere"));
}

}  // namespace
}  // namespace muster::local
