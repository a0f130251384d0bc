// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>

#include "commands.hpp"
#include "muster/base/clock.hpp"
#include "muster/bootstrap/facts.hpp"
#include "muster/curve.hpp"
#include "muster/log.hpp"

namespace muster::commands {
namespace {

std::string own_hostname() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

Result<int> make_secret(const std::string& path) {
    TRY(curve::write(path, curve::make_shared_secret()));
    log::info("wrote a shared secret to {} (mode 0600)", path);
    return 0;
}

Result<int> make_certificate(const std::string& path, const std::string& name) {
    TRY_ASSIGN(auto keys, curve::make_key_pair());
    const auto fingerprint = curve::fingerprint(keys.public_key);
    TRY(curve::write(path, {.name = curve::sanitise(name),
                            .metadata = curve::keygen_metadata(own_hostname(), SystemClock().wall(),
                                                               ::geteuid()),
                            .keys = std::move(keys)}));
    log::info("wrote a certificate to {} (mode 0600), key {}", path, fingerprint);
    return 0;
}

/// A key that an instance uses is gone for good when its file is written over.
Result<void> check_is_new(const std::string& path) {
    if (::access(path.c_str(), F_OK) != 0) return {};
    return fail(Kind::io, "{} exists: give another name, or --force to replace it", path);
}

}  // namespace

Result<int> keygen(Words words) {
    bool secret = false;
    bool force = false;
    // --secret is a flag here, not the setting of that name; so this command reads its few words
    // itself.
    std::string path;
    std::string name = own_hostname();
    bool flags_are_over = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (flags_are_over || !word.starts_with("-")) {
            if (!path.empty())
                return fail(Kind::usage, "one FILE, not two: '{}' and '{}'", path, word);
            path = word;
        } else if (word == "--help" || word == "-h") {
            TRY(print(
                "usage: muster keygen [--secret] [--force] [--name NAME] FILE\nmakes a CURVE "
                "certificate, or with --secret a shared secret; mode 0600; an existing file is "
                "replaced only with --force\n"));
            return 0;
        } else if (word == "--") {
            flags_are_over = true;
        } else if (word == "--secret") {
            secret = true;
        } else if (word == "--force") {
            force = true;
        } else if (word.starts_with("--name=")) {
            name = word.substr(7);
        } else if (word == "--name" && i + 1 < words.size()) {
            name = words[++i];
        } else if (word == "--name") {
            return fail(Kind::usage, "flag '--name' needs a value");
        } else {
            return fail(Kind::usage, "unknown flag '{}': see muster keygen --help", word);
        }
    }
    if (path.empty())
        return fail(Kind::usage, "keygen needs a FILE to write: a secret is never printed");
    if (!force) TRY(check_is_new(path));
    return secret ? make_secret(path) : make_certificate(path, name);
}

}  // namespace muster::commands
