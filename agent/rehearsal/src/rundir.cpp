// SPDX-License-Identifier: Apache-2.0
#include "rundir.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "muster/base/atomic_file.hpp"
#include "muster/base/own_program.hpp"

namespace muster::rehearsal {
namespace {

constexpr std::string_view scheme = "local://";

Result<std::string> make_temporary(const Environment& environment) {
    const auto tmpdir = environment.find("TMPDIR");
    const std::string in = tmpdir == environment.end() ? "/tmp" : tmpdir->second;
    std::string path = in + "/flux-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr)
        return fail(Kind::io, "rundir cannot create directory in {}: {}", in, os_error(errno));
    return path;
}

/// The link is a convenience: where it cannot be, programs find no `flux`, and say so.
void link_program(const std::string& directory) {
    const auto self = own_program();
    if (self.empty()) return;
    ::mkdir(directory.c_str(), 0700);
    const auto link = directory + "/flux";
    ::unlink(link.c_str());
    if (::symlink(self.c_str(), link.c_str()) != 0) return;
}

}  // namespace

Result<Rundir> Rundir::make(Setup& setup, const Environment& environment) {
    Rundir rundir;
    rundir.path_ = setup.attribute("rundir");
    if (rundir.path_.empty()) {
        TRY_ASSIGN(rundir.path_, make_temporary(environment));
        rundir.made_ = true;
    } else if (::access(rundir.path_.c_str(), F_OK) != 0) {
        if (auto made = make_directories(rundir.path_, 0700); !made)
            return fail(Kind::io, "error creating rundir: {}", made.error().message);
        rundir.made_ = true;
    }
    setup.attributes["rundir"] = rundir.path_;
    auto& uri = setup.attributes["local-uri"];
    if (uri.empty()) uri = fmt::format("{}{}/local-{}", scheme, rundir.path_, setup.rank());
    if (!uri.starts_with(scheme)) return fail(Kind::config, "local-uri is malformed: {}", uri);
    rundir.socket_ = uri.substr(scheme.size());
    link_program(rundir.program_path());
    return rundir;
}

Rundir::Rundir(Rundir&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      socket_(std::move(other.socket_)),
      made_(other.made_) {}

Rundir::~Rundir() {
    if (path_.empty()) return;
    ::unlink((program_path() + "/flux").c_str());
    ::rmdir(program_path().c_str());
    std::error_code ignored;
    if (made_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace muster::rehearsal
