// SPDX-License-Identifier: Apache-2.0
// Draws how an instance came up: a running one is asked, of another the files are read.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "commands.hpp"
#include "doctor_flags.hpp"
#include "muster/base/fd.hpp"
#include "muster/bootstrap/facts.hpp"
#include "muster/bootstrap/plan.hpp"
#include "muster/json.hpp"
#include "muster/log.hpp"
#include "muster/timeline/collect.hpp"
#include "muster/timeline/format.hpp"
#include "muster/timeline/watched.hpp"

namespace muster::commands {
namespace {

constexpr std::chrono::seconds patience = std::chrono::seconds(30);
constexpr std::size_t largest_file = 512u << 20;
constexpr int deepest = 4;  // directories below one that is given

struct OwnFlags {
    std::optional<std::string> out;
    bool json = false;
};

constexpr std::array<bootstrap::ExtraFlag, 2> own_flags{
    {{"out", 'o', true, "write the picture (.html) or the data (.json) to this file",
      [](void* target, std::string_view text) -> Result<void> {
          TRY(muster::timeline::check_timeline_path(std::string(text)));
          static_cast<OwnFlags*>(target)->out = text;
          return {};
      }},
     {"json", 'j', false, "print the data as JSON",
      [](void* target, std::string_view) -> Result<void> {
          static_cast<OwnFlags*>(target)->json = true;
          return {};
      }}}};

/// The program of this directory's broker, by its report; empty when that is the rehearsal's, or
/// not known.
std::string flux_of_report(const bootstrap::Settings& settings) {
    const auto text = read_file(bootstrap::Paths(settings.dir).report, largest_file).value_or("");
    const auto report = json::Value::parse(text).value_or(json::Value());
    if (report.get("rehearsal").as_boolean().value_or(true)) return {};
    return report.get("flux").as_string().value_or("");
}

/// The program to ask with. The rehearsal answers for Flux where there is none, and for nobody
/// else: its socket speaks another language.
Result<std::string> choose_flux(const bootstrap::Settings& settings) {
    const auto rehearsal = bootstrap::find_own_program("muster-rehearsal");
    if (settings.flux == "none") return rehearsal;
    if (auto found = bootstrap::find_flux(settings.flux); !found.empty()) return found;
    if (const auto other = flux_of_report(settings); !other.empty())
        return fail(Kind::no_program,
                    "{} is not there, and the broker of {} was {}: name flux with --flux "
                    "(MUSTER_FLUX)",
                    settings.flux, settings.dir, other);
    if (settings.flux == "flux" && !bootstrap::find_program(rehearsal).empty()) return rehearsal;
    return fail(Kind::no_program, "{} is not there: name flux with --flux (MUSTER_FLUX)",
                settings.flux);
}

Result<timeline::Records> ask(const bootstrap::CommandLine& line, Environment environment) {
    TRY_ASSIGN(const auto flux, choose_flux(line.settings));
    const auto socket = bootstrap::Paths(line.settings.dir).socket;
    std::error_code error;
    if (!environment.contains("FLUX_URI") && std::filesystem::exists(socket, error))
        environment["FLUX_URI"] = "local://" + socket;
    const SystemClock clock;
    TRY_ASSIGN(auto collected,
               timeline::collect(flux, environment, Deadline::after(clock, patience), clock));
    if (collected.cut_short)
        log::warning(
            "not every rank answered in {} s, this is of the others: muster status says "
            "which did not",
            patience.count());
    return std::move(collected.records);
}

/// Reports and logs in a directory and below it, in a stable order.
Result<std::vector<std::string>> files_below(const std::string& directory) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    std::error_code error;
    auto entry = fs::recursive_directory_iterator(
        directory, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        if (entry.depth() >= deepest) entry.disable_recursion_pending();
        const auto& path = entry->path();
        std::error_code ignored;
        const bool wanted = path.filename() == "report.json" || path.extension() == ".log";
        if (wanted && entry->is_regular_file(ignored)) files.push_back(path);
    }
    if (error) return fail(Kind::io, "read {}: {}", directory, error.message());
    std::sort(files.begin(), files.end());
    return files;
}

Result<timeline::Records> read(const std::vector<std::string>& words) {
    timeline::Records records;
    for (const auto& word : words) {
        if (word.starts_with('-') && word != "-")
            return fail(Kind::usage, "'{}' comes too late: flags come before files", word);
        std::error_code ignored;
        std::vector<std::string> files{word};
        const bool directory = std::filesystem::is_directory(word, ignored);
        if (directory) {
            TRY_ASSIGN(files, files_below(word));
        }
        std::size_t found = 0;
        for (const auto& file : files) {
            TRY_ASSIGN(const auto text, read_file(file, largest_file));
            found += timeline::add_text(records, text);
        }
        if (found == 0)
            return fail(Kind::malformed, "{}: {}", word,
                        directory ? "no report.json and no *.log in it tells of a pod"
                                  : "neither a report.json, nor a timeline, nor a broker's log");
    }
    return records;
}

std::size_t terminal_columns() {
    if (const char* given = std::getenv("COLUMNS"); given != nullptr)
        if (const int columns = std::atoi(given); columns > 0)
            return static_cast<std::size_t>(columns);
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 100;
}

bool wants_colour() {
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr &&
           terminal != nullptr && std::string_view(terminal) != "dumb";
}

Result<int> show(Words words, OwnFlags& own) {
    namespace drawing = muster::timeline;
    TRY_ASSIGN(auto asked, settings_of_this_pod(words, own_flags, &own));
    const auto& line = asked.line;
    if (line.help) return print_help("timeline", own_flags);
    const bool running = line.command.empty();
    TRY_ASSIGN(const auto records,
               running ? ask(line, std::move(asked.environment)) : read(line.command));
    const auto now = running ? std::optional(SystemClock().wall()) : std::nullopt;
    if (own.out) TRY(drawing::write_timeline(*own.out, records, now));
    const auto drawn = drawing::assemble(records, now);
    if (own.json)
        TRY(print(drawing::format_json(drawn, records)));
    else if (!own.out)
        TRY(print(drawing::format_text(
            drawn, {.columns = terminal_columns(), .rows = 40, .colour = wants_colour()})));
    return 0;
}

}  // namespace

Result<int> timeline(Words words) {
    OwnFlags own;
    auto outcome = show(words, own);
    return ended("timeline", std::move(outcome), own.json);
}

}  // namespace muster::commands
