// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/config.hpp"

#include <gmock/gmock.h>

#include "bearer.hpp"
#include "hand_clock.hpp"
#include "scratch.hpp"

using namespace muster;
using namespace muster::kube;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

constexpr std::string_view pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
constexpr std::string_view pem_base64 =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";

/// A kubeconfig of one context with this cluster and this user.
std::string kubeconfig(std::string_view cluster, std::string_view user) {
    return fmt::format(R"(apiVersion: v1
kind: Config
current-context: here
contexts:
- name: here
  context: {{cluster: c, user: u, namespace: home}}
- name: bare
  context: {{cluster: c}}
- name: lost
  context: {{cluster: gone, user: u}}
- name: orphan
  context: {{cluster: c, user: gone}}
- name: empty
clusters:
- name: c
  cluster: {{{}}}
users:
- name: u
  user: {{{}}}
)",
                       cluster, user);
}

class KubeconfigTest : public testing::Test {
  protected:
    Result<Config> read(std::string_view cluster, std::string_view user,
                        const std::string& context = "") {
        return read_kubeconfig(scratch.file("config", kubeconfig(cluster, user)), context);
    }
    std::string error(std::string_view cluster, std::string_view user,
                      const std::string& context = "") {
        const auto config = read(cluster, user, context);
        return config ? "it was read" : config.error().message;
    }
    Scratch scratch;
};

constexpr std::string_view server = "server: 'https://10.0.0.1:6443/'";

TEST_F(KubeconfigTest, context_names_cluster_user_and_namespace) {
    const auto config = read(server, "token: tok");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->server, "https://10.0.0.1:6443");
    EXPECT_EQ(config->name_space, "home");
    EXPECT_EQ(config->token.reveal(), "tok");
    EXPECT_FALSE(config->skips_verification);
}

TEST_F(KubeconfigTest, other_context_and_no_user) {
    const auto config = read(server, "token: tok", "bare");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->name_space, "default");
    EXPECT_TRUE(config->token.empty());
}

TEST_F(KubeconfigTest, files_are_relative_to_it_and_data_is_decoded) {
    scratch.file("ca.crt", pem);
    scratch.file("c.crt", pem);
    scratch.file("c.key", pem);
    const auto files = read(fmt::format("{}, certificate-authority: ca.crt", server),
                            "client-certificate: c.crt, client-key: c.key");
    ASSERT_TRUE(files.has_value()) << files.error().message;
    EXPECT_EQ(files->authority.file, scratch / "ca.crt");
    EXPECT_EQ(files->key.file, scratch / "c.key");
    const auto data = read(
        fmt::format("{}, tls-server-name: k, certificate-authority-data: {}", server, pem_base64),
        fmt::format("client-certificate-data: {0}, client-key-data: {0}", pem_base64));
    ASSERT_TRUE(data.has_value()) << data.error().message;
    EXPECT_EQ(data->authority.data, pem);
    EXPECT_EQ(data->certificate.data, pem);
    EXPECT_EQ(data->key.data.reveal(), pem);
    EXPECT_EQ(data->server_name, "k");
}

TEST_F(KubeconfigTest, what_cannot_be_used_is_refused_in_one_sentence) {
    struct Row {
        std::string cluster, user, context, why;
    };
    const std::string s(server);
    scratch.file("other", "no such thing");
    scratch.file("locked", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    scratch.file("pem", pem);
    const std::vector<Row> rows{
        {s, "token: t", "nope", "there is no context nope in contexts"},
        {s, "token: t", "lost", "there is no cluster gone in clusters"},
        {s, "token: t", "orphan", "there is no user gone in users"},
        {s, "token: t", "empty", "the context empty is empty"},
        {"a: b", "token: t", "", "cluster c has no server"},
        {s + ", proxy-url: p", "token: t", "", "set HTTPS_PROXY"},
        {s, "exec: {command: aws}", "", "runs a program for its credentials; give it a token"},
        {s, "auth-provider: {name: gcp}", "", "has an auth-provider"},
        {s, "username: a, password: hunter2", "", "has a password"},
        {s, "as: somebody", "", "acts as somebody else"},
        {s, "tokenFile: nowhere", "", "tokenFile: read"},
        {s, "client-certificate: pem", "", "a client-certificate without a client-key"},
        {s, "client-certificate: nowhere", "", "client-certificate: read"},
        {s, "client-certificate: other", "", "this is no PEM text"},
        {s, "client-certificate: pem, client-key: locked", "", "the key is encrypted"},
        {s, "client-certificate-data: '%%'", "", "client-certificate-data is no base64"},
        {s + ", certificate-authority: pem, insecure-skip-tls-verify: true", "", "",
         "contradict each other"},
    };
    for (const auto& row : rows) {
        const auto message = error(row.cluster, row.user, row.context);
        EXPECT_THAT(message, HasSubstr(row.why));
        EXPECT_THAT(message, HasSubstr(scratch / "config"));
        EXPECT_THAT(message, Not(HasSubstr("hunter2")));
    }
}

TEST_F(KubeconfigTest, file_that_is_no_kubeconfig_is_refused) {
    EXPECT_EQ(read_kubeconfig(scratch / "nowhere").error().kind, Kind::io);
    for (const auto* text : {"", "- a\n", "a: b\n---\nc: d\n", "a: [\n"}) {
        const auto config = read_kubeconfig(scratch.file("config", text));
        ASSERT_FALSE(config.has_value()) << text;
        EXPECT_EQ(config.error().kind, Kind::malformed) << text;
    }
    EXPECT_THAT(read_kubeconfig(scratch.file("config", "a: b\n")).error().message,
                HasSubstr("there is no current-context"));
}

TEST_F(KubeconfigTest, first_way_that_is_there_is_taken) {
    const auto path = scratch.file("config", kubeconfig(server, "token: t"));
    EXPECT_TRUE(find_config({{"KUBECONFIG", path}}).has_value());
    EXPECT_TRUE(find_config({{"KUBECONFIG", "/nowhere"}}, path).has_value());
    EXPECT_THAT(find_config({{"KUBECONFIG", "/a:/b"}}).error().message, HasSubstr("several files"));
    EXPECT_THAT(find_config({{"KUBECONFIG", "/nowhere"}}).error().message,
                HasSubstr("KUBECONFIG: read /nowhere"));
    EXPECT_THAT(find_config({}).error().message, HasSubstr("name a kubeconfig"));
    std::filesystem::create_directory(scratch / ".kube");
    scratch.file(".kube/config", kubeconfig(server, "token: t"));
    EXPECT_TRUE(find_config({{"HOME", scratch / ""}}).has_value());
}

TEST(InCluster, is_read_from_the_pods_files) {
    Scratch scratch;
    const Environment pod{{"KUBERNETES_SERVICE_HOST", "10.0.0.1"},
                          {"KUBERNETES_SERVICE_PORT", "443"}};
    EXPECT_THAT(in_cluster_config(pod, scratch / "").error().message,
                HasSubstr("the pod needs a service account"));
    EXPECT_THAT(in_cluster_config({}, scratch / "").error().message, HasSubstr("this is no pod"));
    scratch.file("token", "tok");
    scratch.file("ca.crt", pem);
    auto config = in_cluster_config(pod, scratch / "");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->server, "https://10.0.0.1:443");
    EXPECT_EQ(config->name_space, "default");
    EXPECT_EQ(config->token_file, scratch / "" + "/token");
    scratch.file("namespace", "here\n");
    const Environment six{{"KUBERNETES_SERVICE_HOST", "fd00::1"},
                          {"KUBERNETES_SERVICE_PORT", "443"}};
    config = in_cluster_config(six, scratch / "");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->server, "https://[fd00::1]:443");
    EXPECT_EQ(config->name_space, "here");
}

TEST(Bearer, file_is_read_again_once_a_minute_and_when_asked) {
    Scratch scratch;
    HandClock clock;
    Config config;
    config.token_file = scratch.file("token", "one\n");
    Bearer bearer(config);
    const auto token = [&] { return bearer.token(clock.now()).value_or(Secret("?")).reveal(); };
    EXPECT_EQ(token(), "one");
    scratch.file("token", "two");
    clock.advance(59s);
    EXPECT_EQ(token(), "one");
    clock.advance(1s);
    EXPECT_EQ(token(), "two");
    scratch.file("token", "three");
    EXPECT_TRUE(bearer.refresh(clock.now()));
    EXPECT_FALSE(bearer.refresh(clock.now()));
    EXPECT_EQ(token(), "three");
}

TEST(Bearer, file_that_is_gone_leaves_the_last_token) {
    Scratch scratch;
    HandClock clock;
    Config config;
    config.token_file = scratch / "token";
    Bearer bearer(config);
    const auto none = bearer.token(clock.now());
    ASSERT_FALSE(none.has_value());
    EXPECT_THAT(none.error().message, HasSubstr("holds no token that can be read"));
    scratch.file("token", "one");
    EXPECT_EQ(bearer.token(clock.now())->reveal(), "one");
    std::filesystem::remove(scratch / "token");
    clock.advance(2min);
    EXPECT_EQ(bearer.token(clock.now())->reveal(), "one");
}

}  // namespace
