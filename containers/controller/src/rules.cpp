// SPDX-License-Identifier: Apache-2.0
#include "rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "build.hpp"
#include "sentences.hpp"

namespace muster::controller {
namespace {

using json::Value;
using Texts = std::vector<std::string>;

/// The field `path` is right where `expression` is true; else `sentence` is said of `part` of it.
struct Rule {
    std::string path, part, expression;
    std::string_view sentence;
};

/// FIELD of `object`, or what it is when it is left out: commands.script is `?commands.?script`.
std::string value_of(std::string_view object, std::string_view field, std::string_view otherwise) {
    std::string path;
    for (const char c : field) path += c == '.' ? ".?" : std::string(1, c);
    return fmt::format("{}.?{}.orValue({})", object, path, otherwise);
}

std::string has_text(std::string_view object, std::string_view field) {
    return value_of(object, field, "''") + " != ''";
}

std::string is_true(std::string_view object, std::string_view field) {
    return value_of(object, field, "false");
}

std::string is_any(const Texts& conditions) {
    return fmt::format("({})", fmt::join(conditions, " || "));
}

std::string count(const Texts& conditions) {
    Texts ones;
    for (const auto& each : conditions) ones.push_back(fmt::format("({} ? 1 : 0)", each));
    return fmt::format("{}", fmt::join(ones, " + "));
}

/// That no item `c` of the list `self` is of a kind and has what it may not have.
std::string none(std::string_view kind, std::string_view wrong) {
    return fmt::format("!self.exists(c, {} && {})", kind, wrong);
}

constexpr std::string_view runs_flux = "(size(self) == 1 || c.?runFlux.orValue(false))";

std::vector<Rule> rules_of_names() {
    const std::string root(root_path), name = "self.metadata.name";
    const std::string ranks = "(self.spec.?maxSize.orValue(0) != 0 ? self.spec.maxSize : "
                              "self.spec.?size.orValue(1))";
    // What the last rank's digits leave.
    std::string room = "52";
    for (int digits = 9; digits > 0; --digits)
        room = fmt::format("{} <= 1{:0<{}} ? {} : {}", ranks, "", digits, 62 - digits, room);
    const auto is_named = has_text("self.spec", "network.headlessName");
    const auto has_leader = is_true("self.spec", "flux.minimalService");
    const auto host = name + ".matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')";
    const std::string label = ".matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')";
    return {
        {root, "", host, sentence::no_host},
        {root, "", fmt::format("size({}) <= ({})", name, room), sentence::long_host},
        {root, "",
         fmt::format("!has(self.spec.services) || size(self.spec.services) == 0 || size({}) <= 54",
                     name),
         sentence::long_services_host},
        {root, "", fmt::format("{} || !({}) || {}{}", is_named, host, name, label),
         sentence::no_service},
        {root, "", fmt::format("{} || size({}) <= ({} ? 47 : 54)", is_named, name, has_leader),
         sentence::long_service},
        {"spec.network.headlessName", "", "self == '' || self" + label, sentence::no_service},
        {"spec", ".network.headlessName",
         fmt::format("size({}) <= ({} ? 56 : 63)", value_of("self", "network.headlessName", "''"),
                     is_true("self", "flux.minimalService")),
         sentence::long_service},
    };
}

std::vector<Rule> rules_of_spec() {
    const auto size = value_of("self", "size", "1");
    const auto program = is_any({has_text("c", "command"), has_text("c", "commands.script")});
    return {
        {"spec", ".size", size + " > 0", sentence::no_pods},
        {"spec", ".maxSize",
         fmt::format("self.?maxSize.orValue(0) == 0 || self.maxSize >= {}", size),
         sentence::less_than_size},
        {"spec", ".minSize",
         fmt::format("self.?minSize.orValue(0) == 0 || self.minSize <= {}", size),
         sentence::more_than_size},
        {"spec", ".deadlineSeconds", value_of("self", "deadlineSeconds", "1") + " > 0",
         sentence::ends_at_once},
        {"spec", ".containers",
         fmt::format("!{} || !self.containers.exists(c, (size(self.containers) == 1 || {}) && {})",
                     is_true("self", "interactive"), is_true("c", "runFlux"), program),
         sentence::interactive_command},
    };
}

std::vector<Rule> rules_of_lists() {
    const std::string containers = "spec.containers", services = "spec.services";
    const std::string found = "size(self.filter(c, c.?runFlux.orValue(false)))";
    const auto elsewhere = fmt::format("!{}", runs_flux);
    Texts of_flux, texts;
    for (const auto* each : {"launcher", "batch", "batchRaw"})
        of_flux.push_back(is_true("c", each));
    for (const auto* each : {"commands.script", "commands.prefix"})
        of_flux.push_back(has_text("c", each));
    for (const auto* each : {"init", "pre", "post", "servicePre", "brokerPre", "workerPre"})
        texts.push_back(has_text("c", fmt::format("commands.{}", each)));
    const auto wrong = is_any(of_flux);
    const auto no_command = fmt::format("!({}) && {}", has_text("c", "command"), is_any(texts));
    const auto of_rank =
        is_any({has_text("c", "commands.brokerPre"), has_text("c", "commands.workerPre")});
    return {
        {containers, "", "size(self) > 0", sentence::no_container},
        {containers, "", fmt::format("size(self) < 2 || {} == 1", found), sentence::not_one_flux},
        {containers, "", none(elsewhere, wrong), sentence::no_flux_here},
        {containers, "", none(elsewhere, no_command), sentence::nothing_to_follow},
        {containers, "", none(runs_flux, has_text("c", "commands.servicePre")),
         sentence::pre_of_flux},
        {containers, "", none(runs_flux, has_text("c", "lifeCycle.preStopExec")),
         sentence::stop_of_flux},
        {services, "", none(is_true("c", "runFlux"), "true"), sentence::no_flux_here},
        {services, "", none("true", wrong), sentence::no_flux_here},
        {services, "", none("true", of_rank), sentence::no_rank_here},
        {services, "", none("true", no_command), sentence::nothing_to_follow},
    };
}

std::vector<Rule> rules_of_container() {
    const std::string container = "spec.containers[]", volume = "spec.containers[].volumes{}";
    const auto launcher = is_true("self", "launcher"), raw = is_true("self", "batchRaw");
    const auto batch = is_any({is_true("self", "batch"), raw});
    const auto command = has_text("self", "command"), script = has_text("self", "commands.script");
    Texts named{is_true("self", "emptyDir")};
    for (const auto* each : {"hostPath", "configMapName", "claimName", "secretName", "csiDriver"})
        named.push_back(has_text("self", each));
    const auto sources = count(named);
    return {
        {container, ".image", has_text("self", "image"), sentence::no_image},
        {container, "", fmt::format("!({} && {})", launcher, batch), sentence::two_modes},
        {container, ".commands.script", fmt::format("!({} && {})", script, command),
         sentence::two_programs},
        {container, ".commands.script", fmt::format("!({} && {})", script, batch),
         sentence::script_of_batch},
        {container, ".command",
         fmt::format("!({} || {}) || {} || {}", launcher, batch, command, script),
         sentence::no_command},
        {container + ".secrets{}", "",
         fmt::format("{} && {}", has_text("self", "name"), has_text("self", "key")),
         sentence::no_secret},
        {volume, "", sources + " == 1", sentence::not_one_source},
        {volume, ".path", is_any({has_text("self", "path"), is_true("self", "emptyDir")}),
         sentence::no_path},
    };
}

const std::vector<Rule>& all() {
    static const auto rules = [] {
        std::vector<Rule> made;
        for (const auto& each :
             {rules_of_names(), rules_of_spec(), rules_of_lists(), rules_of_container()})
            made.insert(made.end(), each.begin(), each.end());
        return made;
    }();
    return rules;
}

/// Of the root the only part that has rules is its name, which the API server does not say.
std::string said_of(const Rule& rule) {
    return fmt::format("{}{}", rule.path == root_path ? "metadata.name: " : "", rule.sentence);
}

Value to_value(std::string_view expression, std::string_view part, std::string_view sentence) {
    return object({{"rule", text(expression)},
                   {"message", text(sentence)},
                   {"fieldPath", text_or_none(part)}});
}

/// True of what a default would leave.
const char* emptiness(Type type) {
    switch (type) {
        case Type::boolean:
            return "!self";
        case Type::integer:
            return "self == 0";
        case Type::string:
            return "self == ''";
        case Type::any:
            return "false";
        default:
            break;
    }
    return "size(self) == 0";
}

}  // namespace

Value rules_of(std::string_view path) {
    auto made = Value::array();
    for (const auto& rule : all())
        if (rule.path == path)
            made.append(to_value(rule.expression, rule.part, said_of(rule)));
    return made.items().empty() ? Value() : made;
}

Value rules_of_type(const Field& field) {
    if (field.is_refused) return list({to_value(emptiness(field.type), "", field.text)});
    if (field.type == Type::integer)
        return list({to_value(
            fmt::format("self >= {} && self <= {}", field.least, field.most), "",
            fmt::format(sentence::out_of_range, field.least, field.most))});
    if (field.choices.empty()) return {};
    std::string choices = "''";
    for (std::string_view rest = field.choices; !rest.empty();) {
        const auto end = std::min(rest.find(", "), rest.size());
        choices += fmt::format(", '{}'", rest.substr(0, end));
        rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    return list({to_value(fmt::format("self in [{}]", choices), "",
                          fmt::format(sentence::no_choice, field.choices))});
}

}  // namespace muster::controller
