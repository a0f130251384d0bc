// SPDX-License-Identifier: Apache-2.0
#include "collection.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

using namespace muster;
using namespace muster::kube;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

json::Value object(const std::string& name, const std::string& uid, const std::string& version) {
    auto metadata = json::Value::object();
    metadata.set("name", json::Value::string(name));
    metadata.set("namespace", json::Value::string("n"));
    metadata.set("uid", json::Value::string(uid));
    metadata.set("resourceVersion", json::Value::string(version));
    return json::Value::object().set("metadata", metadata);
}

json::Value page(const std::vector<json::Value>& objects) {
    auto items = json::Value::array();
    for (const auto& one : objects) items.append(one);
    auto made = json::Value::object();
    made.set("kind", json::Value::string("PodList"));
    made.set("apiVersion", json::Value::string("v1"));
    return made.set("items", items);
}

class CollectionTest : public testing::Test {
  protected:
    /// What was told since the last question: "added a/1", with uid and version.
    std::vector<std::string> told() { return std::exchange(told_, {}); }
    void list(const std::vector<std::vector<json::Value>>& pages) {
        collection.begin_list();
        for (const auto& objects : pages) collection.listed(page(objects));
        collection.end_list();
    }

    std::vector<std::string> told_;
    json::Value last_;
    Collection collection{[this](const Change& change) {
        constexpr const char* names[] = {"added", "modified", "deleted", "synced"};
        last_ = change.object;
        const auto metadata = change.object.get("metadata");
        const auto text = [&](const char* key) {
            return metadata.get(key).as_string().value_or("-");
        };
        std::string line = names[static_cast<int>(change.what)];
        if (change.what != Change::What::synced)
            line += fmt::format(" {} {}/{}", text("name"), text("uid"), text("resourceVersion"));
        told_.push_back(line);
    }};
};

TEST_F(CollectionTest, first_list_adds_all_of_its_pages) {
    list({{object("a", "u1", "1")}, {object("b", "u2", "2")}});
    EXPECT_THAT(told(), ElementsAre("added a u1/1", "added b u2/2", "synced"));
}

TEST_F(CollectionTest, items_of_a_list_say_what_they_are) {
    list({{object("a", "u1", "1")}});
    collection.begin_list();
    collection.listed(page({object("a", "u1", "2")}));
    EXPECT_EQ(last_.get("kind").as_string(), "Pod");
    EXPECT_EQ(last_.get("apiVersion").as_string(), "v1");
}

TEST_F(CollectionTest, next_list_tells_only_what_is_different) {
    list({{object("a", "u1", "1"), object("b", "u2", "2"), object("c", "u3", "3")}});
    told();
    list({{object("a", "u1", "1"), object("b", "u2", "9")}});
    EXPECT_THAT(told(), ElementsAre("modified b u2/9", "deleted c u3/-", "synced"));
    list({{}});
    EXPECT_THAT(told(),
                testing::UnorderedElementsAre("deleted a u1/-", "deleted b u2/-", "synced"));
}

TEST_F(CollectionTest, what_vanished_has_name_namespace_and_uid) {
    list({{object("a", "u1", "1")}});
    collection.begin_list();
    std::vector<std::string> seen;
    collection.end_list();
    EXPECT_THAT(told(), ElementsAre("added a u1/1", "synced", "deleted a u1/-", "synced"));
}

TEST_F(CollectionTest, created_again_under_its_name_is_another) {
    list({{object("a", "u1", "1")}});
    told();
    list({{object("a", "u2", "5")}});
    EXPECT_THAT(told(), ElementsAre("deleted a u1/-", "added a u2/5", "synced"));
    collection.heard("ADDED", object("a", "u3", "7"));
    EXPECT_THAT(told(), ElementsAre("deleted a u2/-", "added a u3/7"));
}

TEST_F(CollectionTest, events_are_told_by_what_is_known) {
    list({{}});
    told();
    collection.heard("ADDED", object("a", "u1", "1"));
    collection.heard("MODIFIED", object("a", "u1", "2"));
    collection.heard("DELETED", object("a", "u1", "3"));
    EXPECT_THAT(told(), ElementsAre("added a u1/1", "modified a u1/2", "deleted a u1/3"));
    collection.heard("DELETED", object("a", "u1", "3"));
    EXPECT_THAT(told(), IsEmpty());
    collection.heard("MODIFIED", object("b", "u2", "4"));
    collection.heard("ADDED", object("b", "u2", "4"));
    EXPECT_THAT(told(), ElementsAre("added b u2/4"));
}

TEST_F(CollectionTest, nothing_is_told_after_a_stop) {
    collection.begin_list();
    collection.stop();
    EXPECT_FALSE(collection.listed(page({object("a", "u1", "1"), object("b", "u2", "2")})));
    EXPECT_FALSE(collection.end_list());
    EXPECT_FALSE(collection.heard("ADDED", object("c", "u3", "3")));
    EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
