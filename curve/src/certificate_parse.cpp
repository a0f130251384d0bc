// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "grammar.hpp"
#include "muster/curve/certificate.hpp"
#include "muster/curve/z85.hpp"
#include "secret_file.hpp"

namespace muster::curve {
namespace {

constexpr std::size_t longest_line = 255;  // what fits Flux's buffer
constexpr std::size_t z85_key_size = SecretKey::size / 4 * 5;

constexpr bool is_space(char c) {  // isspace(3) in the C locale
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view strip(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string printable(char c) {
    return c > ' ' && c < '\x7f' ? fmt::format("'{}'", c)
                                 : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

/// Reads line after line; everything that it keeps of a secret is in wiped memory.
class Parser {
  public:
    explicit Parser(std::string_view source) : source_(source) {}

    Result<Certificate> run(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            is_cut_ = end == std::string_view::npos;
            ++line_;
            TRY(take_line(text.substr(0, end)));
            text = is_cut_ ? std::string_view() : text.substr(end + 1);
        }
        return finish();
    }

  private:
    enum class Section { none, metadata, curve };

    template <class... Args>
    tl::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
        return fail(Kind::malformed, "certificate {}:{}: {}", source_, line_,
                    fmt::format(format, std::forward<Args>(args)...));
    }

    Result<void> take_line(std::string_view line) {
        if (line.size() > longest_line)
            return wrong("line of {} bytes, Flux reads at most {}", line.size(), longest_line);
        if (line.find('\0') != std::string_view::npos)
            return wrong("a NUL byte: this is no text file");
        const bool is_indented = line.starts_with(' ') || line.starts_with('\t');
        const std::string_view content = strip(line);
        if (content.starts_with('#')) {
            says_secret_ = says_secret_ || content.find("**Secret**") != std::string_view::npos;
            return {};
        }
        if (content.empty()) return {};
        if (!is_indented) return take_section(content);
        if (section_ == Section::none)
            return wrong("an indented line before 'metadata' or 'curve'");
        return take_pair(content);
    }

    Result<void> take_section(std::string_view content) {
        if (content == "metadata")
            section_ = Section::metadata;
        else if (content == "curve")
            section_ = Section::curve;
        else if (is_cut_ && (std::string_view("metadata").starts_with(content) ||
                             std::string_view("curve").starts_with(content)))
            return wrong("truncated in the middle of a line; copy the file again");
        else
            return wrong(
                "neither 'metadata' nor 'curve' nor an indented key = \"value\" line; a "
                "certificate is what `muster keygen` or `flux keygen` writes");
        return {};
    }

    Result<void> take_pair(std::string_view content) {
        const std::size_t equals = content.find('=');
        const std::string_view key = strip(content.substr(0, equals));
        const std::string_view quoted =
            equals == std::string_view::npos ? "" : strip(content.substr(equals + 1));
        const bool is_quoted = quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"';
        if (!is_quoted && is_cut_)
            return wrong("truncated in the middle of a line; copy the file again");
        if (!is_quoted) return wrong("not of the form key = \"value\"");
        if (key.empty() || !std::ranges::all_of(key, is_key_character))
            return wrong("a key may have letters, digits, '.' and '-' only");
        const std::string_view value = quoted.substr(1, quoted.size() - 2);
        return section_ == Section::metadata ? take_metadata(key, value) : take_key(key, value);
    }

    Result<void> take_metadata(std::string_view key, std::string_view value) {
        const auto bad = std::ranges::find_if_not(value, is_value_character);
        if (bad != value.end())
            return wrong("{} in the value of {}, which Flux refuses; replace it with '-'",
                         printable(*bad), key);
        for (const auto& [known, ignored] : metadata_)
            if (known == key) return wrong("metadata {} is there twice", key);
        metadata_.emplace_back(key, value);
        return {};
    }

    Result<void> take_key(std::string_view key, std::string_view value) {
        if (key != "public-key" && key != "secret-key")
            return wrong("'curve' holds public-key and secret-key only");
        if (value.size() != z85_key_size)
            return wrong("{} has {} characters instead of {}: truncated, or not a key", key,
                         value.size(), z85_key_size);
        SecretMemory memory(SecretKey::size);
        if (!z85_decode_to(value, memory.bytes())) return wrong("{} is not Z85", key);
        if (key == "secret-key") {
            secret_key_.emplace(std::move(memory));
        } else {
            std::array<std::uint8_t, PublicKey::size> bytes{};
            std::ranges::copy(memory.bytes(), bytes.begin());
            public_key_.emplace(bytes);
        }
        return {};
    }

    tl::unexpected<Error> incomplete() const {
        const auto about = [this](std::string_view reason) {
            return fail(Kind::malformed, "certificate {}: {}", source_, reason);
        };
        if (section_ == Section::none && !says_secret_)
            return about("empty file; write one with `muster keygen`");
        if (public_key_ && !says_secret_)
            return about(
                "public half only, it has no secret-key; use the secret certificate that "
                "`muster keygen` wrote");
        if (secret_key_) return about("it has no public-key; add the one that belongs to it");
        return about("truncated, it ends before its keys; copy the file again");
    }

    Result<Certificate> finish() {
        if (!public_key_ || !secret_key_) return incomplete();
        if (*public_key_ != public_key_of(*secret_key_))
            return fail(Kind::malformed,
                        "certificate {}: mismatched pair, the public-key does not belong to the "
                        "secret-key; these are halves of two certificates",
                        source_);
        const auto name = std::ranges::find(metadata_, "name", &Metadata::value_type::first);
        if (name == metadata_.end())
            return fail(Kind::malformed,
                        "certificate {}: no name in its metadata, brokers with children demand "
                        "one; add a line `    name = \"...\"` after 'metadata'",
                        source_);
        std::string name_value = std::move(name->second);
        metadata_.erase(name);
        return Certificate{
            .name = std::move(name_value),
            .metadata = std::move(metadata_),
            .keys = {.public_key = *public_key_, .secret_key = std::move(*secret_key_)}};
    }

    std::string_view source_;
    std::size_t line_ = 0;
    bool is_cut_ = false;       // the current line has no newline
    bool says_secret_ = false;  // the header comment of a secret certificate was there
    Section section_ = Section::none;
    Metadata metadata_;
    std::optional<PublicKey> public_key_;
    std::optional<SecretKey> secret_key_;
};

}  // namespace

Result<Certificate> parse(std::string_view text, std::string_view source) {
    if (text.starts_with("muster-secret-"))
        return fail(Kind::config, "certificate {}: holds a shared secret; pass it with --secret",
                    source);
    return Parser(source).run(text);
}

Result<Certificate> read(const std::string& path, Permissions permissions) {
    TRY_ASSIGN(const SecretText text, read_secret_file("certificate", path, permissions));
    return parse(text.view(), path);
}

}  // namespace muster::curve
