// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sodium.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::testing_support {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;
using Key = std::array<std::uint8_t, 32>;
using Properties = std::vector<std::pair<std::string, std::string>>;

inline View part(View bytes, std::size_t begin, std::size_t size) {
    return begin + size <= bytes.size() ? bytes.subspan(begin, size) : View{};
}
inline std::string text_of(View bytes) {
    return {bytes.begin(), bytes.end()};
}
inline Bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}
inline Bytes joined(std::initializer_list<View> parts) {
    Bytes all;
    for (const auto& bytes : parts) all.insert(all.end(), bytes.begin(), bytes.end());
    return all;
}

/// A key pair that is the same in every run: the secret half is `seed`, 32 times.
struct FixedPair {
    Key secret_key{};
    Key public_key{};
    explicit FixedPair(std::uint8_t seed) {
        secret_key.fill(seed);
        crypto_scalarmult_base(public_key.data(), secret_key.data());
    }
};

/// The server's half of CURVE as RFC 26 words it, straight on libsodium: nothing of it is shared
/// with the product. Each read_ function checks everything that a server must check, and says
/// nothing when it is wrong.
class CurveServerSide {
  public:
    explicit CurveServerSide(const FixedPair& keys, std::uint8_t seed = 0x51)
        : keys_(keys), session_(seed) {
        cookie_.fill(0xc0);
    }

    static Bytes greeting(std::string_view mechanism = "CURVE", std::uint8_t minor = 1) {
        Bytes bytes{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, minor};
        bytes.resize(64);
        std::copy(mechanism.begin(), mechanism.end(), bytes.begin() + 12);
        return bytes;
    }
    static Bytes command(std::string_view name, View body) {
        const auto size = static_cast<std::uint8_t>(1 + name.size() + body.size());
        const Bytes head{4, size, static_cast<std::uint8_t>(name.size())};
        return joined({head, bytes_of(name), body});
    }

    /// The client's greeting: 64 bytes, ZMTP 3.1, CURVE, as-client.
    static bool is_greeting(View bytes) {
        return bytes.size() == 64 && bytes[0] == 0xff && (bytes[9] & 1u) == 1 && bytes[10] == 3 &&
               bytes[11] == 1 && text_of(part(bytes, 12, 20)) == "CURVE" + std::string(15, '\0') &&
               bytes[32] == 0;
    }

    /// HELLO frame -> the client's short-term public key.
    bool read_hello(View frame) {
        if (frame.size() != 2 + 200 || text_of(part(frame, 0, 8)) != "\x04\xc8\x05HELLO")
            return false;
        if (frame[8] != 1 || frame[9] != 0) return false;
        for (const auto byte : part(frame, 10, 72))
            if (byte != 0) return false;
        copy(client_, part(frame, 82, 32));
        const auto opened = open(part(frame, 122, 80), "CurveZMQHELLO---", part(frame, 114, 8),
                                 client_, keys_.secret_key);
        return opened && *opened == Bytes(64);
    }

    Bytes welcome() const {
        const Bytes tail(16, 0x77);
        const auto content = joined({session_.public_key, cookie_});
        return command("WELCOME",
                       joined({tail, seal(content, "WELCOME-", tail, client_, keys_.secret_key)}));
    }
    /// A WELCOME with any short-term key in it.
    Bytes welcome_with(const Key& short_term_key) const {
        const Bytes tail(16, 0x77);
        const auto content = joined({short_term_key, cookie_});
        return command("WELCOME",
                       joined({tail, seal(content, "WELCOME-", tail, client_, keys_.secret_key)}));
    }

    struct Initiate {
        Key public_key{};
        Bytes vouch_nonce;
        Bytes metadata;
    };
    std::optional<Initiate> read_initiate(View frame) {
        if (frame.size() < 2 + 9 + 96 + 8 || frame[0] != 6) return std::nullopt;
        const std::size_t size = std::size_t{frame[7]} << 8u | frame[8];
        const View body = frame.subspan(9);
        if (body.size() != size || text_of(part(body, 0, 9)) != "\x08INITIATE") return std::nullopt;
        if (text_of(part(body, 9, 96)) != text_of(cookie_)) return std::nullopt;
        const auto opened = open(body.subspan(113), "CurveZMQINITIATE", part(body, 105, 8), client_,
                                 session_.secret_key);
        if (!opened || opened->size() < 32 + 16 + 80) return std::nullopt;
        Initiate initiate;
        copy(initiate.public_key, part(*opened, 0, 32));
        initiate.vouch_nonce = joined({part(*opened, 32, 16)});
        const auto vouch = open(part(*opened, 48, 80), "VOUCH---", initiate.vouch_nonce,
                                initiate.public_key, session_.secret_key);
        if (!vouch || *vouch != joined({client_, keys_.public_key})) return std::nullopt;
        initiate.metadata = joined({View(*opened).subspan(128)});
        return initiate;
    }

    Bytes ready(const Properties& properties = {{"Socket-Type", "ROUTER"},
                                                {"Identity", ""}}) const {
        return ready_with(metadata(properties));
    }
    Bytes ready_with(View metadata) const {
        const Bytes tail{0, 0, 0, 0, 0, 0, 0, 1};
        return command(
            "READY",
            joined({tail, seal(metadata, "CurveZMQREADY---", tail, client_, session_.secret_key)}));
    }
    static Bytes error(std::string_view reason) {
        return command("ERROR",
                       joined({Bytes{static_cast<std::uint8_t>(reason.size())}, bytes_of(reason)}));
    }
    static Bytes metadata(const Properties& properties) {
        Bytes bytes;
        for (const auto& [name, value] : properties)
            bytes = joined({bytes, Bytes{static_cast<std::uint8_t>(name.size())}, bytes_of(name),
                            Bytes{0, 0, static_cast<std::uint8_t>(value.size() >> 8u),
                                  static_cast<std::uint8_t>(value.size())},
                            bytes_of(value)});
        return bytes;
    }

  private:
    static void copy(Key& to, View from) { std::copy(from.begin(), from.end(), to.begin()); }
    static std::array<std::uint8_t, 24> nonce(std::string_view prefix, View tail) {
        std::array<std::uint8_t, 24> bytes{};
        std::copy(tail.begin(), tail.end(), std::copy(prefix.begin(), prefix.end(), bytes.begin()));
        return bytes;
    }
    static Bytes seal(View plain, std::string_view prefix, View tail, const Key& to,
                      const Key& from) {
        Bytes sealed(plain.size() + crypto_box_MACBYTES);
        const int failed = crypto_box_easy(sealed.data(), plain.data(), plain.size(),
                                           nonce(prefix, tail).data(), to.data(), from.data());
        if (failed != 0) std::abort();
        return sealed;
    }
    static std::optional<Bytes> open(View sealed, std::string_view prefix, View tail,
                                     const Key& from, const Key& to) {
        if (sealed.size() < crypto_box_MACBYTES) return std::nullopt;
        Bytes plain(sealed.size() - crypto_box_MACBYTES);
        if (crypto_box_open_easy(plain.data(), sealed.data(), sealed.size(),
                                 nonce(prefix, tail).data(), from.data(), to.data()) != 0)
            return std::nullopt;
        return plain;
    }

    FixedPair keys_;
    FixedPair session_;
    Key client_{};
    std::array<std::uint8_t, 96> cookie_{};
};

}  // namespace muster::testing_support
