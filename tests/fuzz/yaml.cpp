// SPDX-License-Identifier: Apache-2.0
#include "muster/yaml.hpp"

#include "target.hpp"

using namespace muster;

namespace {

/// The ways to all collections of a document.
void collect(const yaml::Node& node, const yaml::Path& path, std::vector<yaml::Path>& found) {
    if (node.is(yaml::Node::Kind::scalar) || node.is(yaml::Node::Kind::alias)) return;
    found.push_back(path);
    const bool is_mapping = node.is(yaml::Node::Kind::mapping);
    for (std::size_t i = is_mapping ? 1 : 0; i < node.items.size(); i += is_mapping ? 2 : 1) {
        auto next = path;
        next.push_back(is_mapping ? node.items[i - 1].text : std::to_string(i));
        collect(node.items[i], next, found);
    }
}

/// Whether `more` is `less` with one piece put in.
bool is_longer_by_a_piece(std::string_view less, std::string_view more) {
    if (more.size() < less.size()) return false;
    const auto [in_less, in_more] = std::mismatch(less.begin(), less.end(), more.begin());
    static_cast<void>(in_more);
    const auto rest = static_cast<std::size_t>(less.end() - in_less);
    return less.substr(less.size() - rest) == more.substr(more.size() - rest);
}

}  // namespace

/// Whatever is added to whatever text: all that was there is there, and is what it was; or nothing
/// has changed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 20'000) return 0;
    const auto read = yaml::Stream::parse(std::string(fuzz::text_of(data, size)), "input");
    if (!read) return 0;
    std::vector<yaml::Path> paths;
    for (std::size_t i = 0; i < read->documents().size(); ++i)
        collect(read->documents()[i], {std::to_string(i)}, paths);
    paths.resize(std::min<std::size_t>(paths.size(), 20));
    for (const auto& path : paths) {
        auto stream = *read;
        const auto value =
            yaml::mapping({{"name", yaml::string("a b")}, {"n", yaml::words({"4"})}});
        const bool is_mapping =
            read->at(path) != nullptr && read->at(path)->is(yaml::Node::Kind::mapping);
        const auto done =
            is_mapping ? stream.add_key(path, "added", value) : stream.append(path, value);
        MUSTER_ASSERT(done ? is_longer_by_a_piece(read->text(), stream.text())
                           : stream.text() == read->text());
        const auto again = yaml::Stream::parse(stream.text(), "output");
        MUSTER_ASSERT(again.has_value() && again->documents().size() == read->documents().size());
    }
    return 0;
}
