// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/requests.hpp"

#include <gmock/gmock.h>

#include "base64.hpp"
#include "percent.hpp"
#include "status.hpp"

using namespace muster;
using namespace muster::kube;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

namespace {

json::Value parsed(std::string_view text) {
    return json::Value::parse(text).value();
}

TEST(PathOf, groups_namespaces_names_and_parts) {
    const std::vector<std::pair<Target, std::string>> rows{
        {{pods, "n", ""}, "/api/v1/namespaces/n/pods"},
        {{pods, "", ""}, "/api/v1/pods"},
        {{pods, "n", "p", "eviction"}, "/api/v1/namespaces/n/pods/p/eviction"},
        {{jobs, "n", "j"}, "/apis/batch/v1/namespaces/n/jobs/j"},
        {{miniclusters, "n", "m", "status"},
         "/apis/flux-framework.org/v1alpha2/namespaces/n/miniclusters/m/status"},
        {{{"", "v1", "namespaces"}, "", "n"}, "/api/v1/namespaces/n"},
    };
    for (const auto& [target, path] : rows) EXPECT_EQ(path_of(target), path);
}

TEST(Requests, apply_is_forced_and_ours) {
    const auto request = apply({jobs, "n", "j"}, parsed(R"({"kind":"Job"})"));
    EXPECT_EQ(request.method, "PATCH");
    EXPECT_EQ(request.content_type, "application/apply-patch+yaml");
    EXPECT_THAT(request.query,
                ElementsAre(Pair("fieldManager", "muster-controller"), Pair("force", "true")));
    EXPECT_EQ(request.body, R"({"kind":"Job"})");
    EXPECT_TRUE(request.is_idempotent);
}

TEST(Requests, removal_says_which_and_how) {
    EXPECT_EQ(remove({jobs, "n", "j"}).body, R"({"apiVersion":"v1","kind":"DeleteOptions"})");
    const auto request =
        remove({jobs, "n", "j"}, {.uid = "u", .propagation = "Background", .grace_seconds = 0});
    EXPECT_EQ(request.method, "DELETE");
    EXPECT_EQ(parsed(request.body),
              parsed(R"({"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"},
                         "propagationPolicy":"Background","gracePeriodSeconds":0})"));
}

TEST(Requests, only_what_does_no_more_twice_is_idempotent) {
    EXPECT_TRUE(create(jobs, "n", parsed(R"({"metadata":{"name":"j"}})")).is_idempotent);
    EXPECT_FALSE(create(jobs, "n", parsed(R"({"metadata":{"generateName":"j"}})")).is_idempotent);
    EXPECT_TRUE(merge_patch({jobs, "n", "j"}, parsed("{}")).is_idempotent);
    const Target job{jobs, "n", "j"};
    EXPECT_TRUE(json_patch(job, parsed(R"([{"op":"test"},{"op":"replace"}])")).is_idempotent);
    EXPECT_FALSE(json_patch(job, parsed(R"([{"op":"test"},{"op":"add"}])")).is_idempotent);
    EXPECT_FALSE(json_patch(job, parsed(R"([{"op":"remove"}])")).is_idempotent);
}

TEST(Percent, all_but_unreserved_is_encoded) {
    EXPECT_EQ(encode_percent("aZ0-._~"), "aZ0-._~");
    EXPECT_EQ(encode_percent("a=b,c in (d)/é"), "a%3Db%2Cc%20in%20%28d%29%2F%C3%A9");
    EXPECT_EQ(format_query({}), "");
    EXPECT_EQ(format_query({{"a", "1&2"}, {"b", ""}}), "?a=1%262&b=");
}

TEST(Base64, is_read_with_padding_and_line_breaks) {
    const std::vector<std::pair<std::string_view, std::string_view>> rows{
        {"", ""},        {"Zg==", "f"},        {"Zm8=", "fo"},
        {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm9v\nYmFy\r\n", "foobar"}};
    for (const auto& [text, bytes] : rows) EXPECT_EQ(decode_base64(text), bytes) << text;
    for (const auto* text : {"Z", "Zg", "Zg=", "Zg===", "=", "Z===", "Zg==Zg==", "Zm9-", "Zm 9v"})
        EXPECT_FALSE(decode_base64(text).has_value()) << text;
}

TEST(Status, says_what_was_asked_and_what_the_server_answered) {
    const auto request = get({jobs, "n", "j"});
    const auto failure = read_refusal(
        request, 404, R"({"kind":"Status","reason":"NotFound","message":"jobs \"j\" not found"})");
    EXPECT_TRUE(failure.is_not_found());
    EXPECT_EQ(failure.reason, "NotFound");
    EXPECT_EQ(failure.message,
              "GET /apis/batch/v1/namespaces/n/jobs/j: the API server answered 404 NotFound: jobs "
              "\"j\" not found");
}

TEST(Status, gives_details) {
    const auto failure = read_status({}, 0, parsed(R"({"code":504,"reason":"Timeout","details":
        {"retryAfterSeconds":2,"causes":[{"reason":"ResourceVersionTooLarge"}]}})"));
    EXPECT_EQ(failure.code, 504);
    EXPECT_EQ(failure.retry_after, std::chrono::seconds(2));
    EXPECT_THAT(failure.causes, ElementsAre("ResourceVersionTooLarge"));
}

TEST(Status, a_denial_names_what_forbids_it) {
    const auto request = create(secrets, "n", json::Value::object());
    const auto said = [&](const std::string& words) {
        return read_refusal(request, 403, R"({"reason":"Forbidden","message":")" + words + "\"}")
            .message;
    };
    EXPECT_THAT(said("secrets is forbidden: User 'u' cannot create resource 'secrets'"),
                EndsWith("; its Role must allow this"));
    EXPECT_THAT(said("secrets 's' is forbidden: exceeded quota: q, requested: secrets=1"),
                EndsWith("; a ResourceQuota of the namespace allows no more"));
    EXPECT_THAT(said("admission webhook 'w' denied the request"),
                EndsWith("; what the cluster admits forbids it"));
    EXPECT_THAT(read_refusal(request, 403, R"({"reason":"Forbidden"})").message,
                EndsWith("; its Role must allow this"));
    EXPECT_THAT(read_refusal(request, 403, R"({"reason":"Forbidden","details":{"causes":[
        {"reason":"NamespaceTerminating","message":"namespace n is being terminated"}]}})")
                    .message,
                EndsWith("; the namespace is being deleted"));
}

TEST(Status, what_is_no_status_is_quoted_by_its_first_line) {
    const auto failure = read_refusal({}, 503, "upstream is down\n<html>");
    EXPECT_EQ(failure.code, 503);
    EXPECT_THAT(failure.message, HasSubstr("503: upstream is down"));
    EXPECT_THAT(failure.message, Not(HasSubstr("html")));
    EXPECT_THAT(read_refusal({}, 503, "").message, HasSubstr("503: it does not say why"));
    EXPECT_THAT(read_refusal({}, 503, "[1]").message, HasSubstr("[1]"));
}

TEST(Status, words_about_a_secret_that_we_sent_are_not_repeated) {
    const auto request = apply({secrets, "n", "s"}, parsed(R"({"data":{"k":"hunter2"}})"));
    const std::string_view body = R"({"reason":"Invalid","message":"bad value hunter2"})";
    EXPECT_THAT(read_refusal(request, 422, body).message, Not(HasSubstr("hunter2")));
    EXPECT_THAT(read_refusal(get({secrets, "n", "s"}), 404, body).message, HasSubstr("bad value"));
}

TEST(Failure, kind_is_the_callers_next_step) {
    const std::vector<std::pair<int, Kind>> rows{{0, Kind::unavailable},   {401, Kind::denied},
                                                 {403, Kind::denied},      {404, Kind::config},
                                                 {422, Kind::config},      {429, Kind::unavailable},
                                                 {503, Kind::unavailable}, {200, Kind::protocol}};
    for (const auto& [code, kind] : rows)
        EXPECT_EQ((Failure{.code = code, .message = "m"}.error().kind), kind) << code;
}

}  // namespace
