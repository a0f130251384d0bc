// SPDX-License-Identifier: Apache-2.0
// A real core dump of a process that has used every function with a secret in it, searched for that
// secret: what the flags of a mapping promise (secret_test.cpp) and what remains on stacks and
// heaps, which they say nothing about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>

#include "curve_server_side.hpp"
#include "muster/curve.hpp"
#include "scratch.hpp"

namespace muster::curve {
namespace {

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    const void* first = bytes.data();
    return {static_cast<const char*>(first), bytes.size()};
}

/// Dumps a process that has run `body`; its core, empty where this system writes none to the
/// working directory.
std::string core_of(const Scratch& scratch, const std::function<void()>& body) {
    const int code = in_child([&]() -> int {
        const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
        if (::chdir((scratch / "").c_str()) != 0 || ::setrlimit(RLIMIT_CORE, &all) != 0) return 1;
        ::prctl(PR_SET_DUMPABLE, 1);
        std::signal(SIGABRT, SIG_DFL);
        body();
        std::abort();
    });
    if (code != 128 + SIGABRT) return {};
    for (const auto& entry : std::filesystem::directory_iterator(scratch / ""))
        if (entry.path().filename().string().starts_with("core"))
            return content_of(entry.path().string());
    return {};
}

bool has_sanitizer() {
#ifdef __SANITIZE_ADDRESS__
    return true;  // its shadow memory would be dumped too
#else
    return false;
#endif
}

/// A whole handshake as the owner of `keys`, with a server that has other keys.
bool shake_hands(const KeyPair& keys) {
    using testing_support::CurveServerSide;
    using testing_support::FixedPair;
    using testing_support::View;
    const FixedPair server_keys(0x21);
    CurveServerSide server(server_keys);
    ClientHandshake client(
        {server_keys.public_key, keys.public_key.bytes(), keys.secret_key.bytes()});
    client.take_output();
    client.receive(CurveServerSide::greeting());
    const auto rest_and_hello = client.take_output();
    if (!server.read_hello(View(rest_and_hello).subspan(52))) return false;
    client.receive(server.welcome());
    if (!server.read_initiate(client.take_output())) return false;
    client.receive(server.ready());
    return client.state() == ClientHandshake::State::accepted;
}

TEST(Core, HoldsNoSecret) {
    if (has_sanitizer()) GTEST_SKIP() << "no core dumps under a sanitizer";
    // The parent makes and keeps the secrets in their own memory only; the child inherits that.
    const Scratch scratch;
    const Certificate certificate{.name = "core", .metadata = {}, .keys = make_key_pair().value()};
    const SecretText text = format(certificate).value();
    const SharedSecret shared = make_shared_secret();
    const SecretText shared_text = format(shared);
    const KeyPair derived = derive(shared, "core").value();
    const std::string core = core_of(scratch, [&] {
        const bool is_done = write(scratch / "curve.cert", certificate).has_value() &&
                             write(scratch / "curve.cert", certificate).has_value() &&
                             read(scratch / "curve.cert").has_value() &&
                             write(scratch / "secret", shared).has_value() &&
                             read_shared_secret(scratch / "secret").has_value() &&
                             derive(shared, "core").has_value() && shake_hands(certificate.keys);
        if (!is_done) ::_exit(1);
    });
    if (core.empty()) GTEST_SKIP() << "this system writes no core to the working directory";
    const std::string public_half(text_of(certificate.keys.public_key.bytes()));
    EXPECT_NE(core.find(public_half), std::string::npos) << "the core is not of that process";

    const std::string_view z85_key =
        text.view().substr(text.view().find("secret-key = \"") + 14, 40);
    // Without its first and last byte, in which X25519's clamped copy of it differs.
    EXPECT_EQ(core.find(text_of(certificate.keys.secret_key.bytes().subspan(1, 30))),
              std::string::npos);
    EXPECT_EQ(core.find(z85_key), std::string::npos);
    EXPECT_EQ(core.find(text_of(shared.bytes())), std::string::npos);
    EXPECT_EQ(core.find(shared_text.view().substr(17, 64)), std::string::npos);
    EXPECT_EQ(core.find(text_of(derived.secret_key.bytes().subspan(1, 30))), std::string::npos);
}

TEST(Core, ACopyOnTheHeapWouldBeFound) {
    if (has_sanitizer()) GTEST_SKIP() << "no core dumps under a sanitizer";
    const Scratch scratch;
    const KeyPair keys = make_key_pair().value();
    std::string* leaked = nullptr;
    const std::string core =
        core_of(scratch, [&] { leaked = new std::string(text_of(keys.secret_key.bytes())); });
    if (core.empty()) GTEST_SKIP() << "this system writes no core to the working directory";
    EXPECT_NE(core.find(text_of(keys.secret_key.bytes())), std::string::npos);
}

}  // namespace
}  // namespace muster::curve
