// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/diagnosis.hpp"

#include <gmock/gmock.h>

namespace muster::doctor {
namespace {

using discovery::Gate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

discovery::Passage passage_up_to(Gate last) {
    discovery::Passage passage{.questions = 1};
    for (std::size_t i = 0; i < discovery::gate_count; ++i) {
        const auto gate = static_cast<Gate>(i);
        if (gate > last) break;
        passage.passed.at(i) = Duration(1ms);
        passage.attempts.add({gate, true, fmt::format("question {}", i), "yes", 0ms, 1ms});
    }
    return passage;
}

std::vector<std::string> names(const std::vector<Step>& steps) {
    std::vector<std::string> all;
    for (const auto& step : steps) all.push_back(step.name + (step.passed() ? "" : "!"));
    return all;
}

TEST(GateSteps, AllPassed) {
    const auto steps = gate_steps(passage_up_to(Gate::curve), nullptr, "rank 0 (m-0)");
    EXPECT_THAT(names(steps), ElementsAre("name", "address", "listener", "curve"));
    EXPECT_EQ(steps[0].text, "question 0: yes");
}

TEST(GateSteps, UpToTheOneThatStaysShut) {
    auto passage = passage_up_to(Gate::address);
    for (int i = 0; i < 20; ++i)
        passage.attempts.add(
            {Gate::listener, false, fmt::format("dial {}", i), fmt::format("no {}", i), 1ms, 1ms});
    const discovery::GateFailure failure{.gate = Gate::listener,
                                         .cause = discovery::Cause::connection_refused,
                                         .asked = "10.0.0.1 port 8050",
                                         .answered = "connection refused",
                                         .waited = 3s,
                                         .so_far = passage};
    const auto steps = gate_steps(passage, &failure, "rank 0 (m-0)");
    EXPECT_THAT(names(steps), ElementsAre("name", "address", "listener!"));
    EXPECT_THAT(steps[2].evidence, SizeIs(6));
    EXPECT_THAT(steps[2].evidence.back(), HasSubstr("dial 19: no 19"));
    EXPECT_EQ(steps[2].error->kind, Kind::unavailable);
    EXPECT_THAT(steps[2].error->message, HasSubstr("rank 0 (m-0)"));
}

TEST(GateSteps, AlikeAnswersAreOneLine) {
    discovery::Passage passage;
    for (int i = 0; i < 20; ++i)
        passage.attempts.add({Gate::name, false, fmt::format("m-0 {}", i), i < 1 ? "silence" : "no",
                              Duration(1s) * i, 1ms});
    const discovery::GateFailure failure{.gate = Gate::name,
                                         .cause = discovery::Cause::no_such_name,
                                         .asked = "m-0",
                                         .answered = "no",
                                         .waited = 20s,
                                         .so_far = passage};
    const auto steps = gate_steps(passage, &failure, "rank 0 (m-0)");
    EXPECT_THAT(steps[0].evidence, ElementsAre("m-0 0: silence (at 0 ms, took 1 ms)",
                                               "m-0 19: no (19 times, from 1 s to 19 s)"));
}

TEST(GateSteps, ANumberIsNotSaidToHaveBeenResolved) {
    discovery::Passage passage;
    passage.passed.at(0) = Duration::zero();
    const auto steps = gate_steps(passage, nullptr, "x");
    EXPECT_EQ(steps[0].text, "its address is given: there was no name to resolve");
}

TEST(GateSteps, AnAddressHasNoName) {
    auto passage = passage_up_to(Gate::curve);
    passage.passed[0].reset();
    EXPECT_THAT(names(gate_steps(passage, nullptr, "x")),
                ElementsAre("address", "listener", "curve"));
}

Diagnosis sick() {
    Diagnosis diagnosis{.rank = 1, .size = 4, .host = "m-1"};
    diagnosis.steps = {
        {"identity", "rank 1", {}, {}},
        {"name", {}, Error{Kind::no_name, "no such name; mend it"}, {"asked: NXDOMAIN"}}};
    diagnosis.notes = {"another thing"};
    return diagnosis;
}

TEST(FormatDiagnosis, SaysStepsCauseAndCode) {
    EXPECT_EQ(format_diagnosis(sick()),
              "muster check: rank 1 of 4, host m-1\n"
              "  ok      identity     rank 1\n"
              "  FAILED  name         no such name; mend it\n"
              "                       asked: NXDOMAIN\n"
              "  note: another thing\n"
              "exit code 68: the parent's name never appeared in DNS\n");
}

TEST(FormatDiagnosis, SaysNothingOfAParentThatHasNoPart) {
    auto legend = [](std::uint32_t rank, std::string step, Kind kind) {
        Diagnosis diagnosis{.rank = rank, .size = 4, .host = "m"};
        diagnosis.steps = {{std::move(step), {}, Error{kind, "no"}, {}}};
        const auto text = format_diagnosis(diagnosis);
        return text.substr(text.rfind("exit code"));
    };
    EXPECT_THAT(legend(1, "listener", Kind::unavailable), HasSubstr("69: the parent's address"));
    EXPECT_EQ(legend(1, "broker", Kind::unavailable), "exit code 69\n");
    EXPECT_EQ(legend(0, "broker", Kind::unavailable), "exit code 69\n");
    EXPECT_EQ(legend(0, "name", Kind::no_name), "exit code 68\n");
    EXPECT_THAT(legend(0, "broker", Kind::no_program), HasSubstr("127: the broker or the"));
}

TEST(FormatDiagnosis, OfAPodThatIsWell) {
    Diagnosis well = sick();
    well.steps.pop_back();
    well.notes.clear();
    EXPECT_EQ(well.exit_code(), 0);
    EXPECT_THAT(format_diagnosis(well), HasSubstr("all is well\n"));
}

TEST(ToJson, HasTheSame) {
    const auto object = to_json(sick());
    EXPECT_EQ(object.get("exit_code").as_integer(), 68);
    EXPECT_EQ(object.get("outcome").as_string(), "failed");
    const auto steps = object.get("steps").items();
    ASSERT_THAT(steps, SizeIs(2));
    EXPECT_EQ(steps[1].get("text").as_string(), "no such name; mend it");
    EXPECT_EQ(steps[1].get("code").as_integer(), 68);
    EXPECT_FALSE(steps[0].has("code"));
}

}  // namespace
}  // namespace muster::doctor
