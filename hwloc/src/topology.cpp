// SPDX-License-Identifier: Apache-2.0
#include "topology.hpp"

#include <hwloc.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/fd.hpp"

namespace muster::resources {
namespace {

struct Destroy {
    void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
    void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Topology = std::unique_ptr<hwloc_topology, Destroy>;
using Bitmap = std::unique_ptr<hwloc_bitmap_s, Destroy>;

/// Keeps cores and PUs only, and asks for nothing that costs: every object type, the x86 backend
/// (it binds to each CPU in turn) and memory attributes are reads of sysfs or worse.
void filter(hwloc_topology_t topology, With with) {
    hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(topology, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_NO_DISTANCES |
                                           HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS |
                                           HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS);
    if (with == With::cores_and_gpus)
        hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
    // gl asks an X server, and complains on stderr.
    for (const char* component : {"gl", "x86"})
        hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
                                      component);
}

Result<Topology> load(const Source& source, With with) {
    hwloc_topology_t raw = nullptr;
    if (hwloc_topology_init(&raw) < 0)
        return fail(Kind::internal, "make a topology: {}", os_error(errno));
    Topology topology(raw);
    filter(raw, with);
    std::string xml;  // hwloc reads it in load()
    if (!source.xml.empty()) {
        TRY_ASSIGN(xml, read_file(source.xml));
        if (hwloc_topology_set_xmlbuffer(raw, xml.c_str(), static_cast<int>(xml.size() + 1)) < 0)
            return fail(Kind::malformed, "{}: hwloc cannot read this XML", source.xml);
    } else if (!source.synthetic.empty()) {
        if (hwloc_topology_set_synthetic(raw, source.synthetic.c_str()) < 0)
            return fail(Kind::malformed, "topology '{}': hwloc cannot read this description",
                        source.synthetic);
    }
    if (hwloc_topology_load(raw) < 0) {
        if (!source.xml.empty())
            return fail(Kind::malformed, "{}: hwloc cannot load this topology", source.xml);
        return fail(Kind::internal, "hwloc cannot see this machine: {}", os_error(errno));
    }
    return topology;
}

/// The CPUs that count; null: all of them.
Result<Bitmap> mask(hwloc_topology_t topology, const Source& source,
                    const std::optional<Idset>& affinity) {
    if (!affinity && !source.is_this_machine()) return Bitmap{};
    Bitmap set(hwloc_bitmap_alloc());
    if (affinity) {
        for (const auto cpu : affinity->ids()) hwloc_bitmap_set(set.get(), cpu);
        return set;
    }
    if (hwloc_get_cpubind(topology, set.get(), HWLOC_CPUBIND_PROCESS) < 0)
        return fail(Kind::internal, "read the CPU affinity: {}", os_error(errno));
    return set;
}

std::uint32_t count_cores(hwloc_topology_t topology, hwloc_const_bitmap_t usable) {
    // A machine that tells nothing of its cores has PUs only; each is a core then.
    const auto type =
        hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    std::uint32_t count = 0;
    for (hwloc_obj_t object = nullptr;
         (object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr;)
        if (usable == nullptr || hwloc_bitmap_intersects(object->cpuset, usable) != 0) ++count;
    return count;
}

/// The backend of a compute GPU as Flux counts them, or nothing.
std::string_view gpu_backend(hwloc_obj_t device) {
    const char* text = hwloc_obj_get_info_by_name(device, "Backend");
    if (text == nullptr) return {};
    for (const std::string_view backend : {"CUDA", "NVML", "OpenCL", "RSMI"})
        if (backend == text) return backend;
    return {};
}

hwloc_obj_t pci_device(hwloc_obj_t device) {
    hwloc_obj_t object = device->parent;
    while (object != nullptr && object->type != HWLOC_OBJ_PCI_DEVICE) object = object->parent;
    return object;
}

/// Flux's count: a card that several backends report is one; one that a single backend reports
/// several times (partitions) is several.
std::uint32_t count_gpus(hwloc_topology_t topology) {
    std::vector<std::pair<hwloc_obj_t, std::string_view>> seen;
    for (hwloc_obj_t device = nullptr;
         (device = hwloc_get_next_osdev(topology, device)) != nullptr;) {
        const auto backend = gpu_backend(device);
        if (backend.empty()) continue;
        const hwloc_obj_t card = pci_device(device);
        bool known = false;
        for (const auto& [other_card, other_backend] : seen)
            known = known || (card != nullptr && card == other_card && backend != other_backend);
        if (!known) seen.emplace_back(card, backend);
    }
    return static_cast<std::uint32_t>(seen.size());
}

}  // namespace

Result<Counts> count_with_hwloc(const Source& source, const std::optional<Idset>& affinity,
                                With with) {
    TRY_ASSIGN(const Topology topology, load(source, with));
    TRY_ASSIGN(const Bitmap usable, mask(topology.get(), source, affinity));
    Counts counts{.cores = count_cores(topology.get(), usable.get()), .gpus = 0};
    if (with == With::cores_and_gpus) counts.gpus = count_gpus(topology.get());
    return counts;
}

}  // namespace muster::resources
