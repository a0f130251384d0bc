// SPDX-License-Identifier: Apache-2.0
// `muster up` without its command line and its pods: each --pod WORD is a word of the pods'
// argument vector, so that tests can put stand-ins where muster-init would be.
//     up-driver SIZE [--pod WORD]... [--OPTION VALUE]... [-- COMMAND...]
#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

#include "muster/local.hpp"
#include "muster/timeline/watched.hpp"

namespace {

unsigned number(const std::string& text) {
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void set(muster::local::UpOptions& options, const std::string& option, const std::string& value) {
    if (option == "--pod") options.pod_argv.push_back(value);
    if (option == "--flux") options.flux = value;
    if (option == "--flux-reason") options.flux_reason = value;
    if (option == "--mode") options.mode = value;
    if (option == "--flags") options.flags = value;
    if (option == "--directory") options.directory = value;
    if (option == "--timeline")
        options.on_end = [path = std::string(value), flux = &options.flux](
                             std::span<const muster::local::PodTimes> pods, int code) {
            const muster::SystemClock clock;
            const auto more = muster::json::Value::object()
                                  .set("flux", muster::json::Value::string(*flux))
                                  .set("code", muster::json::Value::integer(code));
            const auto records = muster::timeline::watched(pods, clock);
            return muster::timeline::write_timeline(
                path, muster::timeline::assemble(records, clock.wall()), records, more);
        };
    if (option == "--runs-program") options.runs_program = value == "yes";
    if (option == "--has-certificate") options.has_certificate = value == "yes";
    if (option == "--keep") options.keep = value == "yes";
    if (option == "--logs" && value == "all") options.logs = muster::local::Logs::all;
    if (option == "--grace") options.grace = std::chrono::milliseconds(number(value));
    if (option == "--min-size") options.min_size = number(value);
    if (option == "--max-size") options.max_size = number(value);
    if (option == "--port") options.port = static_cast<std::uint16_t>(number(value));
    if (option == "--set") {
        const std::size_t equals = value.find('=');
        options.settings[value.substr(0, equals)] = value.substr(equals + 1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    muster::local::UpOptions options;
    options.size = number(words.at(0));
    std::size_t at = 1;
    for (; at + 1 < words.size() && words[at] != "--"; at += 2)
        set(options, words[at], words[at + 1]);
    for (++at; at < words.size(); ++at) options.command.push_back(words[at]);
    const auto code = muster::local::up(options);
    if (code) return *code;
    std::fprintf(stderr, "up-driver: %s\n", code.error().message.c_str());
    return muster::exit_code(code.error().kind);
}
