// SPDX-License-Identifier: Apache-2.0
// Docker compose: only the name server tells a container its number.
#include <algorithm>

#include "platforms.hpp"

namespace muster::discovery {
namespace {

bool is_hexadecimal(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// "<project>-<service>-run-<hash>", of `docker compose run`.
bool is_one_off(std::string_view container) {
    constexpr std::size_t hash = 12;
    constexpr std::size_t mark = 5;  // "-run-"
    if (container.size() <= hash + mark ||
        !is_hexadecimal(container.substr(container.size() - hash)))
        return false;
    const auto before = container.substr(container.size() - hash - mark, mark);
    return before == "-run-" || before == "_run_";
}

/// Why none of the names has a number.
Error no_number(const OwnName& own) {
    const auto container = split_host(own.names.front()).host;
    if (is_one_off(container))
        return Error{Kind::config,
                     fmt::format("container '{}' is a one-off of `docker compose run`, which has "
                                 "no number: use `docker compose up --scale SERVICE=N`",
                                 container)};
    return Error{Kind::config,
                 fmt::format("container '{}' has no number: remove container_name from the compose "
                             "file, and scale the service; elsewhere than in compose give --hosts "
                             "(MUSTER_HOSTS)",
                             container)};
}

Result<Container> own_container(const OwnName& own) {
    for (const auto& name : own.names)
        if (auto container = find_container(name)) return *std::move(container);
    if (!own.names.empty()) return tl::unexpected<Error>(no_number(own));
    return fail(own.denied ? Kind::config : Kind::unavailable,
                "Docker's name server does not say which container this is ({}): start it by "
                "`docker compose up`, or give --hosts (MUSTER_HOSTS)",
                own.trouble);
}

/// Host names as Flux takes them: underscores are legal in a container's name only.
Result<void> set_hosts(const std::string& stem, const Container& container, Identity& identity) {
    TRY(check_name(fmt::format("{}-{}", stem, identity.max_size - 1),
                   "the project's or the service's name, or --name (MUSTER_NAME)"));
    for (std::uint32_t rank = 0; rank < identity.max_size; ++rank) {
        identity.hosts.append(fmt::format("{}-{}", stem, rank));
        // With the final dot, lest the host's search list be walked for it.
        identity.names.push_back(fmt::format("{}{}.", container.base, rank + 1));
    }
    identity.instance = stem;
    return {};
}

}  // namespace

Result<Identity> identify_in_compose(const IdentityRequest& request, const PodFacts& facts) {
    Identity identity{.platform = Platform::compose};
    TRY_ASSIGN(const Container container, own_container(facts.own_name));
    identity.rank = container.number - 1;
    TRY(set_sizes(request, {}, identity));
    if (request.rank && *request.rank != identity.rank)
        return fail(Kind::config,
                    "this is container {}{}, rank {}, but --rank (MUSTER_RANK) says {}: leave "
                    "--rank out, two containers must not have one rank",
                    container.base, container.number, identity.rank, *request.rank);
    if (identity.rank >= identity.max_size)
        return fail(Kind::config,
                    "container {}{} is number {} of its service, but max-size is {}: raise "
                    "--max-size (MUSTER_MAX_SIZE), or let compose count anew (docker compose down, "
                    "then up)",
                    container.base, container.number, container.number, identity.max_size);
    std::string stem = request.name.value_or(container.base.substr(0, container.base.size() - 1));
    std::replace(stem.begin(), stem.end(), '_', '-');
    TRY(set_hosts(stem, container, identity));
    return identity;
}

}  // namespace muster::discovery
