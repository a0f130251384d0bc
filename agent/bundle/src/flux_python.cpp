// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "flux_parts.hpp"
#include "program.hpp"

namespace muster::bundle {
namespace {

/// Imports whatever Flux's own modules and commands import, and says what of it is neither Flux's
/// nor in the standard library. What cannot be imported here is not missed there.
constexpr const char* question = R"(
import ast, glob, importlib, os, pkgutil, sys, sysconfig

def attempt(name):
    try:
        importlib.import_module(name)
    except BaseException:
        pass

import flux
prefix = sys.argv[1]
for module in pkgutil.walk_packages(flux.__path__, "flux.", onerror=lambda name: None):
    if not module.name.endswith("__main__"):
        attempt(module.name)
for path in glob.glob(prefix + "/libexec/flux/**/*.py", recursive=True):
    for node in ast.walk(ast.parse(open(path, "rb").read())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                attempt(alias.name)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            attempt(node.module)

def say(key, value):
    print("muster:" + key + "=" + value)

library = sysconfig.get_path("stdlib")
of_library = {library, sysconfig.get_path("platstdlib"), library + "/lib-dynload"}
say("started_as", sys.executable)
say("program", os.path.realpath(sys.executable))
say("version", "%d.%d" % sys.version_info[:2])
say("library", library)
for name, module in sorted(sys.modules.items()):
    path = getattr(module, "__file__", None)
    if "." in name or not path:
        continue
    if os.path.basename(path).startswith("__init__."):
        path = os.path.dirname(path)
    if not path.startswith(prefix + "/") and os.path.dirname(path) not in of_library:
        say("package", path)
)";

}  // namespace

Result<Python> ask_python(const std::string& prefix) {
    TRY_ASSIGN(const auto said,
               run_program({prefix + "/bin/flux", "python", "-c", question, prefix}));
    Python python;
    std::string_view text = said.out;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        constexpr std::string_view ours = "muster:";
        const auto equals = line.find('=');
        if (!line.starts_with(ours) || equals == std::string_view::npos) continue;
        const auto key = line.substr(ours.size(), equals - ours.size());
        const std::string value(line.substr(equals + 1));
        if (key == "started_as")
            python.started_as = value;
        else if (key == "program")
            python.program = value;
        else if (key == "version")
            python.version = value;
        else if (key == "library")
            python.library = value;
        else if (key == "package")
            python.packages.push_back(value);
    }
    if (said.code != 0 || python.library.empty())
        return fail(Kind::config, "{}/bin/flux python ended with exit code {}: {}", prefix,
                    said.code, said.first_line);
    return python;
}

}  // namespace muster::bundle
