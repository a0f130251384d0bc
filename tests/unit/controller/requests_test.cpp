// SPDX-License-Identifier: Apache-2.0
#include "requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/curve/certificate.hpp"
#include "world.hpp"

namespace muster::controller {
namespace {

using testing::HasSubstr;
using testing::Not;

const WallTime now(std::chrono::seconds(1'000'000));

json::Value named(const std::string& kind, const std::string& more = "") {
    return parse(R"({"apiVersion": "v1", "kind": ")" + kind +
                 R"(", "metadata": {"name": "lab", "namespace": "home", "uid": "u1", "labels": )"
                 R"({"app.kubernetes.io/name": "lab"}})" +
                 more + "}");
}

TEST(RequestOf, EachVerbIsOneRequest) {
    const auto created = request_of({Verb::create, named("Job")}, now).value();
    EXPECT_EQ(created.method + " " + created.path, "POST /apis/batch/v1/namespaces/home/jobs");
    const auto patched = request_of({Verb::patch, named("Job")}, now).value();
    EXPECT_EQ(patched.method + " " + patched.path, "PATCH /apis/batch/v1/namespaces/home/jobs/lab");
    EXPECT_EQ(patched.content_type, "application/merge-patch+json");
    const auto status = request_of({Verb::patch_status, named("MiniCluster")}, now).value();
    EXPECT_THAT(status.path, HasSubstr("/miniclusters/lab/status"));
    const auto removed = request_of({Verb::remove, named("MiniCluster")}, now).value();
    EXPECT_EQ(removed.method, "DELETE");
    EXPECT_THAT(removed.body, HasSubstr(R"("uid":"u1")"));
    EXPECT_THAT(removed.body, HasSubstr("Background"));
    EXPECT_EQ(look_up({Verb::create, named("Secret")}).path, "/api/v1/namespaces/home/secrets/lab");
    const auto event = request_of({Verb::create, named("Event")}, now).value();
    EXPECT_EQ(event.path, "/api/v1/namespaces/home/events");
}

TEST(RequestOf, ASecretGetsACertificateOfItsOwn) {
    const auto secret = named("Secret");
    const auto certificate = [&] {
        const auto body = parse(request_of({Verb::create, secret}, now).value().body);
        EXPECT_EQ(body.get("immutable").as_boolean(), true);
        return body.get("stringData").get("curve.cert").as_string().value_or("");
    };
    const auto text = certificate();
    const auto read = curve::parse(text, "the Secret");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->name, "lab");
    EXPECT_NE(text, certificate());
    EXPECT_FALSE(secret.has("stringData")) << "it is in the request only";
    EXPECT_THAT(parse(request_of({Verb::create, named("Service")}, now).value().body).format(),
                Not(HasSubstr("stringData")));
}

}  // namespace
}  // namespace muster::controller
