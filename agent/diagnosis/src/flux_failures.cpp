// SPDX-License-Identifier: Apache-2.0
// The texts are Flux's own, of 0.88 unless a row says otherwise; tests/data/flux-contract and
// tests/data/diagnosis show which were provoked.
#include <array>

#include "muster/diagnosis.hpp"

namespace muster::diagnosis {
namespace {

using enum Of;

constexpr std::array rows{
    // The image.
    FluxFailure{broker, "error while loading shared libraries: *: *",
                "the library $1 cannot be loaded ($2)",
                "the image lacks a part of Flux, or it is another system's; see `ldd` of flux "
                "broker in the image",
                "any"},
    FluxFailure{broker, "symbol lookup error: *", "a library of Flux does not fit the others",
                "the image mixes two installations of Flux; see LD_LIBRARY_PATH", "any"},
    FluxFailure{broker, "No such file or directory: 'bash'", "Flux's rc1 needs bash",
                "install bash in the image, or put it in PATH", "0.79-0.88"},
    FluxFailure{broker, "ModuleNotFoundError: No module named *",
                "Flux's rc1 lacks the Python module $1",
                "install it for the Python that Flux was built with", "0.79-0.88"},
    FluxFailure{broker, "rc1 error launching process: *", "Flux's rc1 could not be started ($1)",
                "SHELL must name a shell that the image has", "0.50-0.88"},

    // The parent refused this broker. Before the consequences: it is disconnected as well.
    FluxFailure{broker, "client (*) version mismatched with server (*)",
                "this pod runs Flux $1 and its parent Flux $2, which do not speak to each other",
                "use one image, or at least one MAJOR.MINOR of Flux, in all pods", "0.50-0.88"},
    FluxFailure{broker, "v0.46.1 has a message encoding bug", "Flux 0.46.1 cannot be used",
                "use a later one in all pods", "0.47-0.88"},
    FluxFailure{broker, "overlay.hello: rank * is not a child of rank *: mismatched config?",
                "its parent refused it: for the parent, rank $1 is not a child of rank $2",
                "give all pods the same size, max-size, hosts and topology", "0.50-0.88"},
    FluxFailure{broker, "overlay.hello: Invalid argument",
                "its parent refused it: there, this rank has another host name, or does not exist",
                "give all pods the same name, size, max-size and hosts", "0.68-0.88"},
    FluxFailure{broker, "overlay.hello: *", "its parent refused it ($1)",
                "see the parent's log, and give all pods the same image and settings", "0.50-0.88"},
    FluxFailure{broker, "parent sockevent * handshake failed*",
                "its parent at $1 has another certificate, or does not know this one",
                "mount the same certificate (or secret) in all pods", "with tbon.zmqdebug"},

    // The certificate.
    FluxFailure{
        broker, "Error loading certificate: *: readable by group/other",
        "Flux refuses the certificate $1 because others may read it",
        "its mode must be 0600; something has changed it after muster wrote it, or --config "
        "names another",
        "0.76-0.88"},
    FluxFailure{broker, "*: readable by group/other",
                "Flux refuses the certificate $1 because others may read it",
                "its mode must be 0600", "0.50-0.75"},
    FluxFailure{broker, "Error loading certificate: *: Invalid argument",
                "$1 is no certificate, or its halves do not belong together",
                "make one with `muster keygen`", "0.50-0.88"},
    FluxFailure{broker, "Error loading certificate: *: *", "the certificate $1 cannot be read ($2)",
                "see its mode and owner, and that the volume is mounted", "0.50-0.88"},

    // The configuration.
    FluxFailure{broker, "[bootstrap]: * not found in hosts",
                "the host name $1 is not in bootstrap.hosts of the TOML that --config names",
                "name it there, or leave [bootstrap] to muster", "0.50-0.88"},
    FluxFailure{broker, "Config file error: stat: *: *", "the configuration $1 cannot be read ($2)",
                "see that the directory is mounted and writable", "0.50-0.88"},
    FluxFailure{broker, "Config file error*", "Flux refuses its configuration",
                "mend what --config names; `muster plan` prints the whole of it", "0.50-0.88"},
    FluxFailure{broker, "*: unknown attribute", "this Flux does not know the attribute $1",
                "leave it out of --option, or use a Flux that knows it", "0.82-0.88"},
    FluxFailure{broker, "*: attribute may not be set on the command line",
                "Flux does not let the attribute $1 be set", "leave it out of --option",
                "0.50-0.88"},
    FluxFailure{broker, "Error parsing * attribute", "Flux refuses the value of $1",
                "correct it in --option; `muster plan` prints what is passed", "0.50-0.88"},
    FluxFailure{broker, "unrecognized option '*'", "this Flux has no option $1",
                "use Flux 0.50 or later", "0.50-0.88"},
    FluxFailure{broker, "error parsing [*] *: *", "Flux refuses [$1] of its configuration: $3",
                "mend what --config names", "0.50-0.88"},
    FluxFailure{broker, "error reading [*] config table: *",
                "Flux refuses [$1] of its configuration: $2", "mend what --config names",
                "0.72-0.88"},
    FluxFailure{broker, "Error creating * topology: *", "Flux cannot make the topology $1: $2",
                "set --topology to flat, kary:K, mincrit:K "
                "or binomial",
                "0.50-0.88"},
    FluxFailure{broker, "tbon.torpid_min must be less than torpid_max",
                "Flux refuses [tbon]: torpid_min is not less than torpid_max",
                "mend what --config names", "0.50-0.88"},
    FluxFailure{broker, "heartbeat.timeout must be *",
                "Flux refuses heartbeat.timeout: it must be $1", "mend what --config names",
                "0.72-0.88"},
    FluxFailure{broker, "stdin is not a tty - can't run interactive shell",
                "the leader was given no program, and has no terminal for a shell",
                "give a program after --, or --mode interactive", "0.50-0.88"},

    // R.
    FluxFailure{broker, "error reranking R: Number of hosts (*) is greater than node count (*)",
                "the resource set R names $2 hosts, and $1 are configured",
                "name all of the max-size ranks in --resources", "0.50-0.88"},
    FluxFailure{broker, "error reranking R: Number of hosts (*) is less than node count (*)",
                "the resource set R names $2 hosts, and only $1 are configured",
                "name only ranks below max-size in --resources", "0.50-0.88"},
    FluxFailure{broker, "error reranking R: Host * not found in resources",
                "the resource set R does not name the host $1",
                "R and bootstrap.hosts must name the same hosts; leave both to muster",
                "0.50-0.88"},
    FluxFailure{broker, "exclude set *: *", "--exclude names ranks or hosts that do not exist ($1)",
                "name only ranks below max-size", "0.50-0.88"},
    FluxFailure{broker, "error decoding exclude set *: *",
                "--exclude names ranks or hosts that do not exist ($1)",
                "name only ranks below max-size", "0.50-0.88"},
    FluxFailure{broker, "*: unable to open *: *", "the resource set $1 cannot be read ($3)",
                "muster writes it at the same path in all pods; see that --dir is the same and "
                "writable in all of them",
                "0.50-0.88"},

    // Addresses, directories, disks.
    FluxFailure{broker, "error binding to *: Address already in use",
                "something else in this pod listens on $1 already",
                "choose another --port, or end the other program; with hostNetwork, two pods of "
                "one node need ports of their own",
                "0.50-0.88"},
    FluxFailure{broker, "error binding to *: Cannot assign requested address",
                "$1 is not an address of this pod", "see --bind and --ip", "0.50-0.88"},
    FluxFailure{broker, "error binding to *: *", "it cannot listen on $1 ($2)",
                "see --bind, --ip and --port", "0.50-0.88"},
    FluxFailure{broker, "*dir cannot create directory in *: Read-only file system",
                "Flux cannot create its directory in $2, which is read-only",
                "mount an emptyDir there, or name another directory with --dir, --statedir or "
                "TMPDIR",
                "0.79-0.88"},
    FluxFailure{broker, "*dir cannot create directory in *: *",
                "Flux cannot create its directory in $2 ($3)",
                "mount an emptyDir there, or name another directory with --dir, --statedir or "
                "TMPDIR",
                "0.79-0.88"},
    FluxFailure{broker, "rundir error creating *: *", "Flux cannot create the directory $1 ($2)",
                "see that --dir can be written by this user", "0.79-0.88"},
    FluxFailure{broker, "length of * bytes exceeds max *", "the path of its socket is too long",
                "choose a shorter --dir", "0.79-0.88"},
    FluxFailure{broker, "database or disk is full", "the disk for Flux's state is full",
                "free some, or put --statedir (or TMPDIR) on a larger volume", "0.50-0.88"},
    FluxFailure{broker, "No space left on device", "a disk that Flux writes to is full",
                "free some, or put --dir, --statedir and TMPDIR on larger volumes", "0.50-0.88"},

    // The instance around it.
    FluxFailure{
        broker, "disconnecting: no heartbeat for *", "it heard nothing of the leader for $1",
        "the leader's pod or node is dead, or cut off from this one: see that pod", "0.72-0.88"},
    FluxFailure{
        broker, "sent disconnect control message",
        "its parent broke off: the parent has ended or was started anew, or has given this pod "
        "up, or another pod came up as this rank",
        "see the parent's log; this pod joins again by itself, and if that repeats look "
        "for two pods with one rank",
        "0.50-0.88"},
    FluxFailure{broker, "Upstream Flux broker is offline", "its parent ended while it was starting",
                "see the leader's log for why", "0.79-0.88"},
    FluxFailure{broker, "goodbye timeout after *", "its parent did not answer its farewell for $1",
                "the leader's pod is dead, or cut off from this one", "0.72-0.88"},

    // Consequences of what no row above has named.
    FluxFailure{broker, "rc1.0: flux-module: load *: *", "Flux's module $1 could not start ($2)",
                "the lines of that module above say why", "0.50-0.78"},
    FluxFailure{broker, "rc1.0: * Exited (rc=*)", "its start-up script $1 failed with exit code $2",
                "its lines 'rc1.0' above say why", "0.50-0.88"},
    FluxFailure{broker, "draining: rank * (*) missing resources: *",
                "Flux has drained rank $1 ($2): R promises $3, which the pod does not have",
                "give the pod these cores, or tell the truth with --cores, --gpus or --resources",
                "0.82-0.88"},

    // What ends another rank, not this broker.
    FluxFailure{rank, "node failure on * (rank *)", "rank $2 ($1) was lost while the program ran",
                "see that pod: it was killed, out of memory, or its node is gone", "0.62-0.88"},

    // What ends a job, not a broker.
    FluxFailure{job, "draining: rank * (*) missing resources: *",
                "Flux has drained rank $1 ($2): R promises $3, which the pod does not have",
                "give the pod these cores, or tell the truth with --cores, --gpus or --resources",
                "0.82-0.88"},
    FluxFailure{job, "draining: rank * got hostname '*', expected '*'",
                "Flux has drained rank $1: R calls it $3, its host name is $2",
                "leave R to muster, or set resource.noverify in --config", "0.82-0.88"},
    FluxFailure{job, "unsatisfiable request: need * only * eligible",
                "it asked for $1 and the instance has $2",
                "ask for less (--nodes, --tasks), or give the instance more pods or cores",
                "0.50-0.88"},
    FluxFailure{job, "unsatisfiable request: need * only * available",
                "it asked for $1 and the instance has $2",
                "ask for less (--nodes, --tasks), or give the instance more pods or cores",
                "0.50-0.88"},
    FluxFailure{job, "type=timeout severity=0 *", "its time limit is over", "raise it in --flags",
                "0.50-0.88"},
    FluxFailure{job, "start failed: *: No such file or directory",
                "$1 was not found on the nodes that were to run it",
                "it must be in the image of all pods", "0.50-0.88"},
};

}  // namespace

std::span<const FluxFailure> flux_failures() {
    return rows;
}

}  // namespace muster::diagnosis
