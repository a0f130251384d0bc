// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/shared_secret.hpp"

#include <sodium.h>

#include <algorithm>
#include <bitset>
#include <cstring>

#include "blake2b.hpp"
#include "muster/base/atomic_file.hpp"
#include "secret_file.hpp"

namespace muster::curve {
namespace {

constexpr std::string_view prefix = "muster-secret-v1:";
constexpr std::size_t key_digits = 2 * SharedSecret::size;
constexpr std::size_t check_digits = 8;
constexpr std::size_t line_size = prefix.size() + key_digits + 1 + check_digits;
constexpr std::string_view mend = "write one with `muster keygen --secret`";

constexpr std::string_view blanks = " \t\r\n";

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

/// Lower-case digits only: one secret has one text.
bool decode_hex(std::string_view text, std::span<std::uint8_t> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit_value(text[2 * i]);
        const int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return true;
}

void encode_hex(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> out) {
    constexpr std::string_view hex_digits = "0123456789abcdef";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        out[2 * i] = static_cast<std::uint8_t>(hex_digits[bytes[i] >> 4]);
        out[2 * i + 1] = static_cast<std::uint8_t>(hex_digits[bytes[i] & 15]);
    }
}

/// The 4 check bytes of `secret`, in wiped memory for as long as they are a full digest.
std::array<std::uint8_t, 4> check_of(std::span<const std::uint8_t, 32> secret) {
    SecretMemory digest(32);
    keyed_blake2b(digest.bytes().first<32>(), secret, "muster-check-v1", "");
    std::array<std::uint8_t, 4> check{};
    std::copy_n(digest.bytes().begin(), check.size(), check.begin());
    return check;
}

/// Text or a pattern in place of random bytes. Of 32 random bytes about 30 differ; fewer than 16
/// different ones, or printable ASCII throughout, happen less often than once in 10^13.
bool is_random(std::span<const std::uint8_t> bytes) {
    std::bitset<256> seen;
    for (const std::uint8_t byte : bytes) seen.set(byte);
    const bool is_text =
        std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
    return seen.count() >= 16 && !is_text;
}

/// Why `line`, which does not begin as a shared secret, is none. Says its length, never its text.
Error foreign(std::string_view line, std::string_view source) {
    if (line.find("secret-key") != std::string_view::npos)
        return {Kind::config,
                fmt::format("shared secret {}: holds a certificate; pass it with --cert", source)};
    return {Kind::config,
            fmt::format("shared secret {}: {} bytes that `muster keygen --secret` did not write; a "
                        "password or a home-made value can be guessed by whoever reaches the port: "
                        "{}",
                        source, line.size(), mend)};
}

}  // namespace

SharedSecret make_shared_secret() {
    SecretMemory memory(SharedSecret::size);  // initialises sodium
    do {
        randombytes_buf(memory.bytes().data(), memory.size());
    } while (!is_random(memory.bytes()));
    return SharedSecret(std::move(memory));
}

SecretText format(const SharedSecret& secret) {
    SecretMemory memory(line_size + 1);
    const std::span<std::uint8_t> out = memory.bytes();
    std::ranges::copy(prefix, out.begin());
    encode_hex(secret.bytes(), out.subspan(prefix.size(), key_digits));
    out[prefix.size() + key_digits] = ':';
    encode_hex(check_of(secret.bytes()), out.subspan(prefix.size() + key_digits + 1, check_digits));
    out[line_size] = '\n';
    return SecretText(std::move(memory), line_size + 1);
}

Result<SharedSecret> parse_shared_secret(std::string_view text, std::string_view source) {
    const std::string_view line = trim(text);
    if (line.empty()) return fail(Kind::malformed, "shared secret {}: empty; {}", source, mend);
    if (!line.starts_with(prefix.substr(0, line.size())))
        return tl::unexpected<Error>(foreign(line, source));
    if (line.size() < line_size)
        return fail(Kind::malformed,
                    "shared secret {}: truncated, {} of {} characters; copy it again", source,
                    line.size(), line_size);
    SecretMemory memory(SharedSecret::size);
    std::array<std::uint8_t, 4> check{};
    const bool is_formed = line.size() == line_size && line[prefix.size() + key_digits] == ':' &&
                           decode_hex(line.substr(prefix.size(), key_digits), memory.bytes()) &&
                           decode_hex(line.substr(line_size - check_digits), check);
    if (!is_formed || check != check_of(memory.bytes().first<32>()))
        return fail(Kind::malformed,
                    "shared secret {}: damaged, its check digits do not match; copy it again",
                    source);
    if (!is_random(memory.bytes()))
        return fail(Kind::config, "shared secret {}: its 32 bytes are not random; {}", source,
                    mend);
    return SharedSecret(std::move(memory));
}

Result<SharedSecret> read_shared_secret(const std::string& path, Permissions permissions) {
    TRY_ASSIGN(const SecretText text, read_secret_file("shared secret", path, permissions));
    return parse_shared_secret(text.view(), path);
}

Result<void> write(const std::string& path, const SharedSecret& secret) {
    return write_file(path, format(secret).view(), 0600);
}

}  // namespace muster::curve
