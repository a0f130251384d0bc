// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/diagnosis.hpp"

#include <algorithm>
#include <tuple>

namespace muster::doctor {
namespace {

constexpr std::size_t most_evidence = 6;

std::string milliseconds(Duration duration) {
    using namespace std::chrono_literals;
    if (duration >= 1s)
        return fmt::format("{:.3g} s", std::chrono::duration<double>(duration).count());
    return fmt::format("{:.3g} ms", std::chrono::duration<double, std::milli>(duration).count());
}

/// Tries that were answered alike, one after another: how many, and the first and last of them.
struct Alike {
    int count;
    const discovery::Attempt* first;
    const discovery::Attempt* last;
};

std::string one_line(const Alike& alike) {
    const auto& [asked, answered] = std::tie(alike.last->asked, alike.last->answered);
    if (alike.count == 1)
        return fmt::format("{}: {} (at {}, took {})", asked, answered,
                           milliseconds(alike.last->begun), milliseconds(alike.last->took));
    return fmt::format("{}: {} ({} times, from {} to {})", asked, answered, alike.count,
                       milliseconds(alike.first->begun), milliseconds(alike.last->begun));
}

/// The last tries at one gate.
std::vector<std::string> tries_at(const std::vector<discovery::Attempt>& attempts,
                                  discovery::Gate gate) {
    std::vector<Alike> tries;
    for (const auto& attempt : attempts) {
        if (attempt.gate != gate) continue;
        if (tries.empty() || tries.back().last->answered != attempt.answered)
            tries.push_back({0, &attempt, &attempt});
        ++tries.back().count;
        tries.back().last = &attempt;
    }
    if (tries.size() > most_evidence)
        tries.erase(tries.begin(), tries.end() - static_cast<std::ptrdiff_t>(most_evidence));
    std::vector<std::string> lines;
    for (const auto& alike : tries) lines.push_back(one_line(alike));
    return lines;
}

/// What the last successful try at a gate was.
std::string how_passed(const std::vector<discovery::Attempt>& attempts,
                       const discovery::Passage& passage, discovery::Gate gate) {
    if (gate == discovery::Gate::name && passage.questions == 0)
        return "its address is given: there was no name to resolve";
    std::string text = gate == discovery::Gate::curve ? "our key is accepted" : "passed";
    for (const auto& attempt : attempts)
        if (attempt.gate == gate && attempt.passed)
            text = fmt::format("{}: {}", attempt.asked, attempt.answered);
    if (gate == discovery::Gate::curve && !passage.address.empty())
        text += fmt::format(" (after {}, {} questions, {} dials)", milliseconds(passage.took),
                            passage.questions, passage.dials);
    return text;
}

/// What the code means here. Those of a parent do not fit a leader, nor what is beyond the gates.
std::string_view legend(const Diagnosis& diagnosis, const Step& failed) {
    const auto* row = find_exit_code(diagnosis.exit_code());
    if (row == nullptr) return "";
    const auto kind = failed.error->kind;
    if (kind != Kind::no_name && kind != Kind::unavailable) return row->meaning;
    bool at_gate = false;
    for (std::size_t i = 0; i < discovery::gate_count; ++i)
        if (failed.name == discovery::format(static_cast<discovery::Gate>(i))) at_gate = true;
    return at_gate && diagnosis.rank != 0u ? row->meaning : "";
}

}  // namespace

const Step* Diagnosis::failure() const {
    const auto found = std::ranges::find_if(steps, [](const Step& step) { return !step.passed(); });
    return found == steps.end() ? nullptr : &*found;
}

int Diagnosis::exit_code() const {
    const auto* failed = failure();
    return failed == nullptr ? 0 : muster::exit_code(failed->error->kind);
}

std::vector<Step> gate_steps(const discovery::Passage& passage,
                             const discovery::GateFailure* failure, std::string_view peer) {
    const auto attempts = passage.attempts.list();
    std::vector<Step> steps;
    for (std::size_t i = 0; i < discovery::gate_count; ++i) {
        const auto gate = static_cast<discovery::Gate>(i);
        const auto name = std::string(discovery::format(gate));
        if (failure != nullptr && failure->gate == gate) {
            steps.push_back(
                {name, {}, discovery::describe(*failure, peer), tries_at(attempts, gate)});
            break;
        }
        // A numeric address has no name to ask for.
        if (!passage.passed.at(i) && failure != nullptr) continue;
        if (!passage.passed.at(i) && gate == discovery::Gate::name) continue;
        steps.push_back({name, how_passed(attempts, passage, gate), {}, {}});
    }
    return steps;
}

std::string format_diagnosis(const Diagnosis& diagnosis) {
    std::string text = "muster check";
    if (diagnosis.rank)
        text += fmt::format(": rank {} of {}, host {}", *diagnosis.rank, diagnosis.size,
                            diagnosis.host);
    text += '\n';
    for (const auto& step : diagnosis.steps) {
        text += fmt::format("  {:<6}  {:<11}  {}\n", step.passed() ? "ok" : "FAILED", step.name,
                            step.passed() ? step.text : step.error->message);
        for (const auto& line : step.evidence) text += fmt::format("{:>21}  {}\n", "", line);
    }
    for (const auto& note : diagnosis.notes) text += fmt::format("  note: {}\n", note);
    const auto* failed = diagnosis.failure();
    if (failed == nullptr) return text + "all is well\n";
    const auto meaning = legend(diagnosis, *failed);
    return text + fmt::format("exit code {}{}{}\n", diagnosis.exit_code(),
                              meaning.empty() ? "" : ": ", meaning);
}

json::Value to_json(const Diagnosis& diagnosis) {
    using json::Value;
    const auto strings = [](const std::vector<std::string>& lines) {
        auto array = Value::array();
        for (const auto& line : lines) array.append(Value::string(line));
        return array;
    };
    auto steps = Value::array();
    for (const auto& step : diagnosis.steps) {
        auto one = Value::object();
        one.set("step", Value::string(step.name))
            .set("outcome", Value::string(step.passed() ? "passed" : "failed"))
            .set("text", Value::string(step.passed() ? step.text : step.error->message));
        if (!step.passed()) one.set("code", Value::integer(muster::exit_code(step.error->kind)));
        one.set("evidence", strings(step.evidence));
        steps.append(one);
    }
    auto object = Value::object();
    object.set("command", Value::string("check"));
    if (diagnosis.rank)
        object.set("rank", Value::integer(*diagnosis.rank))
            .set("size", Value::integer(diagnosis.size))
            .set("host", Value::string(diagnosis.host));
    object.set("outcome", Value::string(diagnosis.failure() == nullptr ? "passed" : "failed"))
        .set("exit_code", Value::integer(diagnosis.exit_code()))
        .set("steps", std::move(steps))
        .set("notes", strings(diagnosis.notes));
    return object;
}

}  // namespace muster::doctor
