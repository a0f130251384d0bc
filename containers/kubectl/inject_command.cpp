// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>

#include "commands.hpp"
#include "muster/base/fd.hpp"
#include "muster/inject.hpp"

namespace muster::kubectl {
namespace {

constexpr std::string_view usage =
    "usage: kubectl muster inject [FLAGS] [FILE]\n"
    "prints the manifest in FILE (or from standard input) with muster in the pods of its Job, "
    "StatefulSet, JobSet or\nLeaderWorkerSet; everything else stays as it is, and a manifest that "
    "has "
    "muster is printed unchanged\n"
    "  --image IMAGE      the image that holds muster [muster]\n"
    "  --secret NAME      the Secret with the certificate, curve.cert [NAME-curve, as the workload "
    "is called]\n"
    "  --name NAME        which workload, where FILE has several\n"
    "  --job NAME         which of a JobSet's replicatedJobs, where it has several\n"
    "  --container NAME   which container, where the pods have several\n"
    "  --flux PATH|none   MUSTER_FLUX: the flux program in the image, or none for the rehearsal "
    "broker\n";

struct Request {
    inject::Options options;
    std::string file = "-";
    bool help = false;
};

/// Where the value of a flag goes, or nullptr when there is no such flag.
std::optional<std::string>* find_flag(inject::Options& options, std::optional<std::string>& image,
                                      std::string_view name) {
    const std::array<std::pair<std::string_view, std::optional<std::string>*>, 6> flags{{
        {"--image", &image},
        {"--secret", &options.secret},
        {"--name", &options.workload},
        {"--job", &options.job},
        {"--container", &options.container},
        {"--flux", &options.flux},
    }};
    for (const auto& [flag, value] : flags)
        if (flag == name) return value;
    return nullptr;
}

Result<Request> parse(Words words) {
    Request request;
    std::optional<std::string> image;
    bool has_file = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (word == "--help" || word == "-h") {
            request.help = true;
        } else if (word.starts_with("--")) {
            const auto equals = word.find('=');
            const auto name = word.substr(0, equals);
            auto* value = find_flag(request.options, image, name);
            if (value == nullptr)
                return fail(Kind::usage, "unknown flag '{}': see kubectl muster inject --help",
                            name);
            if (equals == std::string::npos && i + 1 == words.size())
                return fail(Kind::usage, "flag '{}' needs a value", name);
            *value = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
            if ((*value)->empty()) return fail(Kind::usage, "the value of '{}' is empty", name);
        } else if (has_file) {
            return fail(Kind::usage, "one FILE, not two: '{}' and '{}'", request.file, word);
        } else {
            request.file = word;
            has_file = true;
        }
    }
    if (image) request.options.image = *image;
    return request;
}

}  // namespace

Result<int> inject_command(Words words) {
    TRY_ASSIGN(const auto request, parse(words));
    if (request.help) {
        TRY(within("standard output", write_all(STDOUT_FILENO, usage)));
        return 0;
    }
    const bool is_stdin = request.file == "-";
    TRY_ASSIGN(auto manifest, read_file(is_stdin ? "/dev/stdin" : request.file));
    TRY_ASSIGN(const auto made,
               inject::inject(std::move(manifest), is_stdin ? "standard input" : request.file,
                              request.options));
    TRY(within("standard output", write_all(STDOUT_FILENO, made)));
    return 0;
}

}  // namespace muster::kubectl
