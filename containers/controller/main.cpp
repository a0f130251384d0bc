// SPDX-License-Identifier: Apache-2.0
// The command line of muster-controller.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "muster/base/atomic_file.hpp"
#include "muster/base/environment.hpp"
#include "muster/base/fd.hpp"
#include "muster/controller/crd.hpp"
#include "muster/controller/desired.hpp"
#include "muster/controller/manifest.hpp"
#include "muster/controller/service.hpp"
#include "muster/log.hpp"

namespace {

using namespace muster;

constexpr std::string_view usage =
    "usage: muster-controller run [FLAGS] | --dry-run FILE | --crd\n"
    "  run              look after the MiniClusters of a cluster\n{}"
    "  --dry-run FILE   print the objects that the MiniClusters in FILE (- is standard input) come "
    "to; no cluster is asked\n"
    "  --crd            print the CustomResourceDefinition of MiniCluster\n"
    "  --help           this text\n"
    "  --version        the version\n";

const std::string licence = "# SPDX-License-Identifier: Apache-2.0\n";

/// The objects of each MiniCluster in the file.
Result<std::string> dry_run(const std::string& file) {
    const bool is_stdin = file == "-";
    TRY_ASSIGN(auto text, read_file(is_stdin ? "/dev/stdin" : file));
    const std::string source = is_stdin ? "standard input" : file;
    TRY_ASSIGN(const auto documents, controller::read_manifest(std::move(text), source));
    if (documents.empty()) return fail(Kind::malformed, "{}: there is no object in it", source);
    std::vector<json::Value> objects;
    for (const auto& document : documents) {
        TRY_ASSIGN(const auto cluster, within(source, controller::read_minicluster(document)));
        for (auto& made : controller::desired_objects(cluster)) objects.push_back(std::move(made));
    }
    return controller::write_manifest(objects);
}

Result<int> print(std::string_view text) {
    TRY(within("standard output", write_all(STDOUT_FILENO, text)));
    return 0;
}

Result<int> run(const std::vector<std::string>& words) {
    if (words.empty())
        return fail(Kind::usage, "what is there to do? See muster-controller --help");
    const auto& first = words.front();
    if (first == "--help" || first == "-h") {
        return print(fmt::format(usage, controller::service_flags()));
    }
    if (first == "--version") return print("muster-controller " MUSTER_VERSION "\n");
    if (first == "run") {
        TRY_ASSIGN(
            const auto options,
            within("run", controller::read_service_options({words.begin() + 1, words.end()})));
        if (options.help) return print(fmt::format(usage, controller::service_flags()));
        return within("run", controller::serve(options, environment()));
    }
    if (first == "--crd" && words.size() == 1) {
        TRY_ASSIGN(const auto text,
                   controller::write_manifest({controller::custom_resource_definition()}));
        return print(licence + text);
    }
    if (first != "--dry-run")
        return fail(Kind::usage, "unknown argument '{}': see muster-controller --help", first);
    if (words.size() != 2)
        return fail(Kind::usage, "--dry-run takes one FILE, not {}", words.size() - 1);
    TRY_ASSIGN(const auto text, dry_run(words[1]));
    return print(text);
}

}  // namespace

int main(int argc, char** argv) {
    const auto result = run({argv + std::min(argc, 1), argv + argc});
    if (result) return *result;
    log::configure("muster-controller", log::Level::info);
    log::error("{}", result.error().message);
    return exit_code(result.error().kind);
}
