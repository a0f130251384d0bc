// SPDX-License-Identifier: Apache-2.0
// What is said about a wrong MiniCluster, once: read_minicluster() and the rules of the definition
// say the same.
#pragma once

#include <string_view>

namespace muster::controller::sentence {

inline constexpr std::string_view out_of_range = "this is not a number from {} to {}";
inline constexpr std::string_view no_choice = "this must be one of {}";

inline constexpr std::string_view no_quantity =
    "this is no quantity: a number, and its unit behind it, as in 500m, 2 or 1Gi";

inline constexpr std::string_view no_pods = "0 pods are no instance: give 1 or more";
inline constexpr std::string_view less_than_size = "this is less than spec.size";
inline constexpr std::string_view more_than_size = "this is more than spec.size";
inline constexpr std::string_view ends_at_once =
    "with 0 the Job would end before it starts: leave it out, or give more";

inline constexpr std::string_view no_host =
    "this is to be a host name: small letters, digits, and hyphens between them";
inline constexpr std::string_view no_service =
    "this is to be a Service's name: a small letter, then small letters, digits, and hyphens "
    "between them";
inline constexpr std::string_view long_host =
    "a host name, this with the last rank behind it, may have 63 characters: give a shorter name";
inline constexpr std::string_view long_services_host =
    "a host name, this and -services, may have 63 characters: give a shorter name";
inline constexpr std::string_view long_service =
    "a Service's name, this and what is put behind it, may have 63 characters: give a shorter one";

inline constexpr std::string_view no_container = "one is needed, in which Flux runs";
inline constexpr std::string_view not_one_flux =
    "exactly one must have runFlux";
inline constexpr std::string_view no_image = "which image is the container's?";
inline constexpr std::string_view no_secret = "which Secret, and which key of it?";
inline constexpr std::string_view two_modes = "launcher and batch exclude each other";
inline constexpr std::string_view no_command = "launcher and batch need one";
inline constexpr std::string_view two_programs =
    "the container has a command, too: leave one of them out";
inline constexpr std::string_view script_of_batch = "a batch takes its jobs from command";
inline constexpr std::string_view interactive_command =
    "spec.interactive has no program: leave one of them out";
inline constexpr std::string_view pre_of_flux =
    "Flux runs in this container: give commands.pre";
inline constexpr std::string_view stop_of_flux =
    "here muster's own preStop drains the broker: give lifeCycle.preStopExec to another container";
inline constexpr std::string_view no_flux_here = "Flux does not run in this container";
inline constexpr std::string_view no_rank_here =
    "a service is neither leader nor follower: give commands.pre";
inline constexpr std::string_view nothing_to_follow =
    "before and after what? The container needs a command";

inline constexpr std::string_view not_one_source =
    "this must have exactly one of hostPath, configMapName, claimName, secretName, emptyDir and "
    "csiDriver";
inline constexpr std::string_view no_path = "where is the volume to be mounted?";

}  // namespace muster::controller::sentence
