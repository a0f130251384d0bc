// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <ctime>
#include <set>

#include "grammar.hpp"
#include "muster/base/atomic_file.hpp"
#include "muster/curve/certificate.hpp"
#include "muster/curve/z85.hpp"

namespace muster::curve {
namespace {

constexpr std::size_t longest_key = 40;
constexpr std::size_t longest_value = 200;  // a line stays below the 256 bytes of Flux's reader
constexpr std::size_t z85_key_size = SecretKey::size / 4 * 5;

/// Appends to a block whose size is known beforehand.
class Writer {
  public:
    explicit Writer(std::size_t capacity) : memory_(capacity) {}
    void append(std::string_view text) { std::ranges::copy(text, next(text.size()).begin()); }
    void append_z85(std::span<const std::uint8_t> key) { z85_encode_to(key, next(z85_key_size)); }
    SecretText finish() && { return SecretText(std::move(memory_), size_); }

  private:
    std::span<std::uint8_t> next(std::size_t size) {
        const auto place = memory_.bytes().subspan(size_, size);
        size_ += size;
        return place;
    }
    SecretMemory memory_;
    std::size_t size_ = 0;
};

Result<void> check_keys(const Metadata& metadata) {
    std::set<std::string_view> seen{"name"};
    for (const auto& [key, value] : metadata) {
        if (key.empty() || key.size() > longest_key || !std::ranges::all_of(key, is_key_character))
            return fail(Kind::config,
                        "certificate metadata key '{}': Flux takes 1 to {} letters, digits, '.' "
                        "and '-'",
                        key, longest_key);
        if (!seen.insert(key).second)
            return fail(Kind::config, "certificate metadata key '{}': is there twice", key);
    }
    return {};
}

}  // namespace

std::string sanitise(std::string_view value) {
    std::string text(value.substr(0, longest_value));
    std::ranges::replace_if(text, [](char c) { return !is_value_character(c); }, '-');
    return text.empty() ? "muster" : text;
}

Metadata keygen_metadata(std::string_view hostname, WallTime now, uid_t uid) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    const std::string time =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1,
                    utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return {{"keygen.hostname", sanitise(hostname)},
            {"keygen.time", time},
            {"keygen.userid", std::to_string(uid)}};
}

Result<SecretText> format(const Certificate& certificate) {
    TRY(check_keys(certificate.metadata));
    std::string head = fmt::format(
        "#  ZeroMQ CURVE **Secret** Certificate\n#  DO NOT DISTRIBUTE\n\n"
        "metadata\n    name = \"{}\"\n",
        sanitise(certificate.name));
    for (const auto& [key, value] : certificate.metadata)
        head += fmt::format("    {} = \"{}\"\n", key, value.empty() ? "" : sanitise(value));

    constexpr std::string_view before = "curve\n    public-key = \"";
    constexpr std::string_view between = "\"\n    secret-key = \"";
    constexpr std::string_view after = "\"\n";
    Writer writer(head.size() + before.size() + between.size() + after.size() + 2 * z85_key_size);
    writer.append(head);
    writer.append(before);
    writer.append_z85(certificate.keys.public_key.bytes());
    writer.append(between);
    writer.append_z85(certificate.keys.secret_key.bytes());
    writer.append(after);
    return std::move(writer).finish();
}

Result<void> write(const std::string& path, const Certificate& certificate, Lasting lasting) {
    TRY_ASSIGN(const SecretText text, format(certificate));
    return write_file(path, text.view(), 0600, lasting);
}

}  // namespace muster::curve
