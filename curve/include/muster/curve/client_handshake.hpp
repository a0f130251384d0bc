// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace muster::curve {

/// The client's half of a CURVE connection, from the first byte to the moment when messages could
/// flow: the ZMTP 3.1 greeting (ZeroMQ RFC 37) and the CURVE mechanism (RFC 26), as a DEALER
/// without identity. It does no I/O: the caller sends what take_output() gives, and tells what
/// arrives. Nothing is sent after READY, so a server that accepts us learns nothing but that.
/// The short-term secret key and all that is computed from secrets are wiped.
class ClientHandshake {
  public:
    enum class State {
        talking,          ///< not over yet
        accepted,         ///< READY: the server has our server key, and lets our client key in
        refused,          ///< ERROR: the server does not let our client key in (ZAP, RFC 27)
        other_key,        ///< the server has another key pair than the one that we expect
        other_mechanism,  ///< the peer speaks ZMTP 3 without CURVE
        other_protocol,   ///< the peer speaks something else, or not as RFC 37 and 26 say
        closed,           ///< the peer closed the connection where no key explains it
        silent,           ///< the caller ran out of patience
    };

    /// Views of what the caller keeps for as long as this object.
    struct Keys {
        std::span<const std::uint8_t, 32> server_key;
        std::span<const std::uint8_t, 32> public_key;
        std::span<const std::uint8_t, 32> secret_key;
    };
    /// What is drawn anew for every connection; wiped when it ends. Fixed values are for tests.
    struct Random {
        Random();  ///< from the system
        Random(const std::array<std::uint8_t, 32>& secret_key,
               const std::array<std::uint8_t, 16>& nonce)
            : short_term_secret_key(secret_key), vouch_nonce(nonce) {}
        Random(const Random&) = default;
        Random& operator=(const Random&) = default;
        ~Random();
        std::array<std::uint8_t, 32> short_term_secret_key{};
        std::array<std::uint8_t, 16> vouch_nonce{};
    };

    explicit ClientHandshake(const Keys& keys, const Random& random = Random());
    ClientHandshake(const ClientHandshake&) = delete;
    ClientHandshake& operator=(const ClientHandshake&) = delete;
    ~ClientHandshake();

    /// What is to be sent now; empty when it is the peer's turn, or all is over.
    std::vector<std::uint8_t> take_output();
    /// Bytes from the peer, cut in any way. Ignored once all is over.
    void receive(std::span<const std::uint8_t> bytes);
    /// The peer has closed the connection.
    void closed();
    /// The caller waits no longer.
    void silent();

    State state() const { return state_; }
    /// For people, once it is over: what the peer did, and what that tells about it.
    /// What the peer sent is shown in printable ASCII only.
    const std::string& text() const { return text_; }

  private:
    enum class Awaiting { greeting, welcome, ready };
    using View = std::span<const std::uint8_t>;

    void read_greeting();
    bool read_command();  ///< false when there is no whole one yet
    void on_welcome(View body);
    void on_ready(View body);
    void on_error(View body);
    void send_hello();
    void finish(State state, std::string text);

    Keys keys_;
    Random random_;
    std::array<std::uint8_t, 32> short_term_public_key_{};
    std::array<std::uint8_t, 32> hello_key_{};    ///< of our short-term and its long-term key
    std::array<std::uint8_t, 32> session_key_{};  ///< of both short-term keys
    Awaiting awaiting_ = Awaiting::greeting;
    State state_ = State::talking;
    std::string text_;
    std::vector<std::uint8_t> input_;
    std::vector<std::uint8_t> output_;
};

}  // namespace muster::curve
