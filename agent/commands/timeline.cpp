// SPDX-License-Identifier: Apache-2.0
// Draws how an instance came up: a running one is asked, of another the files are read.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "commands.hpp"
#include "doctor_flags.hpp"
#include "muster/base/fd.hpp"
#include "muster/doctor/pod.hpp"
#include "muster/doctor/status.hpp"
#include "muster/json.hpp"
#include "muster/log.hpp"
#include "muster/timeline/collect.hpp"
#include "muster/timeline/format.hpp"
#include "muster/timeline/watched.hpp"

namespace muster::commands {
namespace {

constexpr std::size_t largest_file = 512u << 20;
constexpr int deepest = 4;  // directories below one that is given

struct OwnFlags : DoctorFlags {
    std::optional<std::string> out;
};

OwnFlags& own(void* target) {
    return static_cast<OwnFlags&>(*static_cast<DoctorFlags*>(target));
}

const std::array<bootstrap::ExtraFlag, 3> own_flags{
    {{"out", 'o', true, "write the picture (.html) or the data (.json) to this file",
      [](void* target, std::string_view text) -> Result<void> {
          TRY(muster::timeline::check_timeline_path(std::string(text)));
          own(target).out = text;
          return {};
      }},
     {"json", 'j', false, "print the data as JSON",
      [](void* target, std::string_view) -> Result<void> {
          own(target).as_json = true;
          return {};
      }},
     limit_flag("how long to wait for the pods of a running instance [10s]")}};

struct Answers {
    timeline::Records records;
    std::optional<Error> trouble;  ///< not all have answered
};

/// Who is online by the broker, and is not among the records. Errors: unavailable, naming them if
/// that can be known.
Error find_silent(const doctor::Flux& flux, const timeline::Records& records, Duration limit) {
    const auto answer =
        doctor::ask(flux, doctor::Command{"overlay", "status"}, limit, SystemClock());
    Idset silent;
    Hostlist hosts;
    for (const auto& node :
         doctor::parse_overlay(answer.out).value_or(std::vector<doctor::OverlayNode>{})) {
        if (!node.online() || records.contains(node.rank)) continue;
        silent.insert(node.rank);
        hosts.append(node.host);
    }
    if (!silent.empty()) return doctor::describe_silence(silent, hosts, limit);
    return {Kind::unavailable, "not every rank answered in time: muster status says which did not"};
}

Result<Answers> ask(OfThisPod asked, Duration limit) {
    const auto socket = find_socket(asked);
    if (socket) asked.environment["FLUX_URI"] = "local://" + *socket;  // others are flux's to find
    TRY_ASSIGN(const auto flux, doctor::choose_flux(asked.line.settings));
    const SystemClock clock;
    TRY_ASSIGN(
        auto collected,
        timeline::collect(flux, asked.environment, Deadline::after(clock, limit), clock,
                          waiting_teller(limit)));
    Answers answers{std::move(collected.records), {}};
    if (collected.cut_short)
        answers.trouble =
            find_silent(
            {.program = flux, .socket = socket.value_or(""), .environment = asked.environment},
            answers.records, limit);
    return answers;
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

Result<int> show(Words words, OwnFlags& flags) {
    namespace drawing = muster::timeline;
    TRY_ASSIGN(auto asked,
               settings_of_this_pod(words, own_flags, static_cast<DoctorFlags*>(&flags)));
    if (asked.line.help) return print_help("timeline", own_flags);
    Answers answers;
    std::optional<WallTime> now;
    if (asked.line.command.empty()) {
        TRY_ASSIGN(answers, ask(std::move(asked), flags.limit));
        now = SystemClock().wall();
    } else {
        TRY_ASSIGN(answers.records, read(asked.line.command));
    }
    const auto& [records, trouble] = answers;
    auto drawn = drawing::assemble(records, now);
    auto more = json::Value::object();
    if (trouble) {
        drawn.notes.push_back(trouble->message);
        add_error(more, *trouble);
    }
    if (flags.out) TRY(drawing::write_timeline(*flags.out, drawn, records, more));
    if (flags.as_json)
        TRY(print(drawing::format_json(drawn, records, more)));
    else if (!flags.out)
        TRY(print(drawing::format_text(
            drawn, {.columns = terminal_columns(), .rows = 40, .colour = wants_colour()})));
    if (!trouble) return 0;
    if (flags.as_json) return exit_code(trouble->kind);
    return tl::unexpected<Error>(*trouble);
}

}  // namespace

Result<int> timeline(Words words) {
    OwnFlags flags;
    flags.limit = std::chrono::seconds(10);
    auto outcome = show(words, flags);
    return ended("timeline", std::move(outcome), flags.as_json);
}

}  // namespace muster::commands
