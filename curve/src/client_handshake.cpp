// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/client_handshake.hpp"

#include <fmt/core.h>
#include <sodium.h>

#include <algorithm>

#include "box.hpp"
#include "muster/base/assert.hpp"
#include "zmtp.hpp"

namespace muster::curve {
namespace {

using zmtp::append;
using zmtp::Bytes;

constexpr std::size_t cookie_size = 96;
constexpr std::array<std::uint8_t, 8> hello_nonce{0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 8> initiate_nonce{0, 0, 0, 0, 0, 0, 0, 2};

template <std::size_t size>
void wipe(std::array<std::uint8_t, size>& bytes) {
    sodium_memzero(bytes.data(), bytes.size());
}

}  // namespace

ClientHandshake::Random::Random() {
    const int ready = sodium_init();
    MUSTER_ASSERT(ready >= 0 && "this system has no source of randomness");
    randombytes_buf(short_term_secret_key.data(), short_term_secret_key.size());
    randombytes_buf(vouch_nonce.data(), vouch_nonce.size());
}

ClientHandshake::Random::~Random() {
    wipe(short_term_secret_key);
}

ClientHandshake::ClientHandshake(const Keys& keys, const Random& random)
    : keys_(keys), random_(random) {
    // The mechanism is held back until the peer's is known: libzmq closes the connection at another
    // mechanism than its own before it has said which that is.
    append(output_, View(zmtp::make_greeting("CURVE")).first(zmtp::opening_size));
    crypto_scalarmult_base(short_term_public_key_.data(), random_.short_term_secret_key.data());
}

ClientHandshake::~ClientHandshake() {
    wipe(hello_key_);
    wipe(session_key_);
}

std::vector<std::uint8_t> ClientHandshake::take_output() {
    return std::exchange(output_, {});
}

void ClientHandshake::receive(View bytes) {
    if (state_ != State::talking) return;
    append(input_, bytes);
    if (awaiting_ == Awaiting::greeting) read_greeting();
    while (state_ == State::talking && awaiting_ != Awaiting::greeting && read_command()) continue;
}

void ClientHandshake::closed() {
    if (state_ != State::talking) return;
    switch (awaiting_) {
        case Awaiting::greeting:
            return finish(State::closed,
                          input_.empty()
                              ? "it closes the connection at once"
                              : "it closes the connection in the middle of its greeting");
        case Awaiting::welcome:
            // What a server does with a HELLO that its key does not open.
            return finish(State::other_key,
                          "it closed the CURVE handshake at our HELLO: it has another certificate");
        case Awaiting::ready:
            return finish(State::closed,
                          "it closed the CURVE handshake when it had seen our key, and gave no "
                          "reason");
    }
}

void ClientHandshake::silent() {
    if (state_ != State::talking) return;
    switch (awaiting_) {
        case Awaiting::greeting:
            return finish(State::silent, input_.empty()
                                             ? "it accepts the connection but says nothing"
                                             : "it begins a ZeroMQ greeting and does not end it");
        case Awaiting::welcome:
            return finish(State::silent, "it greets, but says nothing to the CURVE handshake");
        case Awaiting::ready:
            return finish(State::silent, "it says nothing about whether it accepts our key");
    }
}

void ClientHandshake::finish(State state, std::string text) {
    state_ = state;
    text_ = std::move(text);
    input_.clear();
    output_.clear();
}

void ClientHandshake::read_greeting() {
    using What = zmtp::Greeting::What;
    const auto greeting = zmtp::read_greeting(input_);
    switch (greeting.what) {
        case What::incomplete:
            return;
        case What::no_zmtp:
            return finish(State::other_protocol,
                          fmt::format("it does not speak ZeroMQ with CURVE (it says '{}')",
                                      zmtp::printable(input_)));
        case What::older_zmtp:
            return finish(State::other_protocol,
                          "it speaks a ZeroMQ protocol older than 3.0, which has no CURVE");
        case What::zmtp3:
            break;
    }
    if (greeting.mechanism != "CURVE")
        return finish(State::other_mechanism,
                      fmt::format("it speaks ZeroMQ, but {} and not CURVE",
                                  zmtp::printable(zmtp::view(greeting.mechanism))));
    input_.erase(input_.begin(), input_.begin() + zmtp::greeting_size);
    send_hello();
}

bool ClientHandshake::read_command() {
    const auto frame = zmtp::read_frame(input_);
    if (frame.what == zmtp::Frame::What::incomplete) return false;
    if (frame.what == zmtp::Frame::What::malformed) {
        finish(State::other_protocol,
               fmt::format("it breaks the ZeroMQ protocol in the CURVE handshake (it says '{}')",
                           zmtp::printable(input_)));
        return false;
    }
    const auto& command = frame.command;
    if (command.name == "ERROR")
        on_error(command.body);
    else if (command.name == "WELCOME" && awaiting_ == Awaiting::welcome)
        on_welcome(command.body);
    else if (command.name == "READY" && awaiting_ == Awaiting::ready)
        on_ready(command.body);
    else
        finish(State::other_protocol,
               fmt::format("it says '{}' in the CURVE handshake, where {} is due",
                           zmtp::printable(zmtp::view(command.name)),
                           awaiting_ == Awaiting::welcome ? "WELCOME" : "READY"));
    if (state_ == State::talking)
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(command.size));
    return true;
}

/// The rest of the greeting, and HELLO: version 1.0, padding against amplification, C', nonce, Box
/// [64 zeros](C'->S)
void ClientHandshake::send_hello() {
    if (!box::agree(hello_key_, keys_.server_key, random_.short_term_secret_key))
        return finish(State::other_key, "our certificate's public key is none");
    Bytes hello(2 + 72);
    hello[0] = 1;
    append(hello, short_term_public_key_);
    append(hello, hello_nonce);
    append(hello, box::seal(hello_key_, "CurveZMQHELLO---", hello_nonce, Bytes(64)));
    append(output_, View(zmtp::make_greeting("CURVE")).subspan(zmtp::opening_size));
    append(output_, zmtp::make_command("HELLO", hello));
    awaiting_ = Awaiting::welcome;
}

/// WELCOME: nonce, Box [S' + cookie](S->C'). Answered by
/// INITIATE: cookie, nonce, Box [C + vouch + metadata](C'->S'), vouch = nonce, Box [C',S](C->S')
void ClientHandshake::on_welcome(View body) {
    constexpr std::size_t box_size = 32 + cookie_size + box::overhead;
    if (body.size() != 16 + box_size)
        return finish(State::other_protocol, "its WELCOME in the CURVE handshake has a wrong size");
    const auto opened = box::open(hello_key_, "WELCOME-", body.first(16), body.subspan(16));
    if (!opened)
        return finish(State::other_key,
                      "its WELCOME in the CURVE handshake does not open with our key: it has "
                      "another certificate");
    const View content(*opened);
    const auto server_short_term_key = content.first<32>();

    box::Key vouch_key{};
    const bool usable =
        box::agree(session_key_, server_short_term_key, random_.short_term_secret_key) &&
        box::agree(vouch_key, server_short_term_key, keys_.secret_key);
    if (!usable)
        return finish(State::other_protocol,
                      "its short-term key in the CURVE handshake is no usable key");
    Bytes vouched;
    append(vouched, short_term_public_key_);
    append(vouched, keys_.server_key);
    Bytes secret_part;
    append(secret_part, keys_.public_key);
    append(secret_part, random_.vouch_nonce);
    append(secret_part, box::seal(vouch_key, "VOUCH---", random_.vouch_nonce, vouched));
    append(secret_part, zmtp::format_metadata({{"Socket-Type", "DEALER"}, {"Identity", ""}}));
    wipe(vouch_key);

    Bytes initiate;
    append(initiate, content.subspan(32, cookie_size));
    append(initiate, initiate_nonce);
    append(initiate, box::seal(session_key_, "CurveZMQINITIATE", initiate_nonce, secret_part));
    append(output_, zmtp::make_command("INITIATE", initiate));
    awaiting_ = Awaiting::ready;
}

/// READY: nonce, Box [metadata](S'->C')
void ClientHandshake::on_ready(View body) {
    std::optional<zmtp::Metadata> metadata;
    if (body.size() >= 8)
        if (const auto opened =
                box::open(session_key_, "CurveZMQREADY---", body.first(8), body.subspan(8)))
            metadata = zmtp::parse_metadata(*opened);
    if (!metadata)
        return finish(State::other_protocol, "its READY in the CURVE handshake cannot be read");
    const auto type = std::find_if(metadata->begin(), metadata->end(),
                                   [](const auto& row) { return row.first == "Socket-Type"; });
    if (type == metadata->end() || type->second != "ROUTER")
        return finish(
            State::other_protocol,
            fmt::format("it accepts our key, but is a {} and no ROUTER",
                        type == metadata->end() ? "socket of no type"
                                                : zmtp::printable(zmtp::view(type->second))));
    finish(State::accepted, "accepted");
}

/// ERROR: reason, with its length before it. libzmq's servers send the ZAP status code.
void ClientHandshake::on_error(View body) {
    if (body.empty() || body.size() - 1 != body[0])
        return finish(State::other_protocol, "its ERROR in the CURVE handshake cannot be read");
    const auto reason = zmtp::printable(body.subspan(1));
    finish(State::refused,
           reason == "400"
               ? "it knows our server key, but refuses our client key (ERROR 400)"
               : fmt::format("it refuses us in the CURVE handshake (ERROR '{}')", reason));
}

}  // namespace muster::curve
