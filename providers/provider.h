#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inventory/host_claim.h"
#include "inventory/record.h"
#include "provisioner/base/error.h"
#include "provisioner/base/secret.h"

namespace muster {

/// A failure that asking again may cure: a quota that others use just now, a node that did not
/// boot. Runs ask again, with growing pauses; providers do not.
class TemporaryError : public Error {
 public:
  using Error::Error;
};

/// What a provider is asked to make.
struct NodeSpec {
  std::string name;  ///< DNS label, unique in the deployment
  std::string fqdn;
  std::string deployment;
  std::string tenant;
  std::string tag;    ///< "<state>/<deployment>", unique over all states; `list` finds by it
  std::string token;  ///< of this node; creating twice with one token makes one node
  std::string hints;  ///< JSON object text
  std::string authorized_key;  ///< muster's own public key line, for the login user
  bool stays = false;          ///< it has its machine: create fails rather than give it another one
};

/// A node that exists (or half exists) at the provider.
struct ProvidedNode {
  std::string handle;  ///< for destroy; one machine's for good, never given to a later one
  std::string token;
  std::string name;
  bool complete = false;  ///< false: it is still being made; destroy it or create again
  Endpoint endpoint;
  /// Not empty: nobody has asked the node yet, and this is what the user can do when it does not
  /// answer. A run logs in before it takes the node for made, and keeps that connection.
  std::string when_silent = {};
  bool running = true;  ///< false: it is switched off; create with its token switches it on
  std::map<std::string, std::string> labels = {};  ///< Kubernetes labels of the machine
  /// Not empty: what the provider knows of this node is damaged, and this says what is. Then only
  /// the handle is set, as far as its last '/'.
  std::string damage = {};
  /// Of what create returns: for how long from then on it may not be whole, or not answer on SSH
  /// yet. Waiting is the run's, who may wait for thousands.
  std::chrono::seconds boots_for{0};
};

/// A node as the state has it on record.
struct KnownNode {
  std::string handle;  ///< empty: its create never answered
  std::string token;
  std::string tag;
};

/// What a provider says when it is asked for one node.
enum class Presence {
  there,   ///< it has the node: whole or half made, on or off
  gone,    ///< nothing of it is left, and that is final
  unsure,  ///< it cannot say now
  untold   ///< it has no answer to this question, ever
};

struct PresenceNote {
  Presence presence = Presence::untold;
  std::string why = {};  ///< of what is unsure or untold, for a person; may be empty
  /// Of what is there: every machine that was made with the token, for destroy. May be empty where
  /// the handle was known.
  std::vector<std::string> handles = {};
};

/// What a provider says of a machine that was there before, see Provider::describe.
struct MachineNote {
  std::map<std::string, std::string> labels;  ///< Kubernetes labels of the machine
  /// Of a node that has its machine: how it is reached by what the provider knows now, and whether
  /// create has to be called with its token to follow that.
  std::optional<Endpoint> own;
  bool moved = false;
  std::optional<Endpoint> machine = {};  ///< how it is reached, where it is known which it is
  std::string architecture = {};         ///< "amd64", "arm64"; empty: nobody has said
};

/// Where nodes come from. Implementations may be called from several threads at once. Failures
/// are Errors that say what the user can do.
class Provider {
 public:
  virtual ~Provider() = default;

  /// Whether its calls wait only as fibers may (base/fibers.h), so that thousands of them may be
  /// made at once; those of others are made on a few threads of their own.
  virtual bool gives_way() const { return false; }

  /// Whether destroying a node wipes its machine. Where not, the machine was there before and
  /// stays: it is let go of only when all that roles made on it was undone.
  virtual bool wipes() const { return true; }

  /// Mistakes in the hints (JSON object text), and reasons why no node can be made here and now.
  /// Called at plan time; changes nothing.
  virtual std::vector<std::string> validate(const std::string& hints) = 0;

  /// Why these nodes, which a plan is about to create, cannot all be had together: hosts that
  /// others use, a quota. Of each name, deployment, tag, hints and token (empty: it has none yet)
  /// are set. Called at plan time, when validate has found nothing; changes nothing.
  virtual std::vector<std::string> objections(const std::vector<NodeSpec>& wanted) {
    static_cast<void>(wanted);
    return {};
  }

  /// In the order of `wanted` (set as for objections): the machine that `create` would give to this
  /// node as things are now. Nothing where machines are made anew, where there is none to have, and
  /// where it is asleep until then.
  /// Claims and changes nothing.
  virtual std::vector<std::optional<Endpoint>> machines(const std::vector<NodeSpec>& wanted) {
    return std::vector<std::optional<Endpoint>>(wanted.size());
  }

  /// Whether nodes get machines that were there before: then describe has something to say.
  virtual bool picks_machines() const { return false; }

  /// In the order of `wanted` (set as for objections, nodes that exist among them): what is known
  /// of the machine that the node has, or that `create` would give to it. Claims and changes
  /// nothing.
  virtual std::vector<MachineNote> describe(const std::vector<NodeSpec>& wanted) {
    return std::vector<MachineNote>(wanted.size());
  }

  /// The IPv4 network (CIDR) that the node's address will be of, where that is known before it is
  /// made. Changes nothing.
  virtual std::optional<std::string> network_of(const NodeSpec& wanted) {
    static_cast<void>(wanted);
    return std::nullopt;
  }

  /// Called once at the start of a run, before the first create: makes what nodes with these hints
  /// (each text once) share.
  /// `note` gets lines for a person ("building the node image (about a minute)").
  virtual void prepare(const std::vector<std::string>& hints,
                       const std::function<void(const std::string&)>& note) = 0;

  /// Folders of <cache>/images that prepare makes for nodes with these hints, so that it has
  /// nothing to get when they are there: what a bundle must hold.
  virtual std::vector<std::filesystem::path> prepared(const std::vector<std::string>& hints) {
    static_cast<void>(hints);
    return {};
  }

  /// Returns when the machine has its handle, and need not wait until it has booted: it may not be
  /// complete, then the run asks again, and it may boot for a while. Idempotent by token; finishes
  /// a create that was cut.
  virtual ProvidedNode create(const NodeSpec& spec) = 0;

  /// Fine when the node is gone already, or was never whole.
  virtual void destroy(const std::string& handle) = 0;

  /// Every node with the tag, also half made ones; and what is damaged, whoever's it is. A machine
  /// that was made twice with one token is there twice. That a node is not on it says nothing:
  /// see presence.
  virtual std::vector<ProvidedNode> list(const std::string& tag) = 0;

  /// The provider's own word on one node: no other makes a node lost. Changes nothing.
  virtual PresenceNote presence(const KnownNode& node) {
    static_cast<void>(node);
    return {};
  }

  /// Switches the node off as if its plug were pulled, or on again; it keeps disk and address.
  /// On returns when the node answers on SSH.
  virtual void set_power(const std::string& handle, bool on) {
    throw Error("the provider of node '" + handle + "' cannot switch it " + (on ? "on" : "off"));
  }
};

/// What providers may use of this machine.
struct ProviderEnvironment {
  std::filesystem::path cache;  ///< node images, artifact store
  bool offline = false;         ///< prepare may use what is in the cache, and get nothing
  /// Of the state; outlives the registry. Null: there is none, and claims are files alone.
  ClaimLedger* claims = nullptr;
};

/// A provider that a user made under a name of their own, as the state has it on record.
struct GivenProvider {
  std::string name;
  std::string kind;
  std::string hints = "{}";               ///< JSON object text
  std::map<std::string, Secret> secrets;  ///< for kinds that use them
};

/// Names that a definition may use, and how to build the provider. "local", "inventory" and "exec"
/// are built in. A Digital Rebar style name "<kind>-provider" means the kind, unless it was given
/// to another one.
class ProviderRegistry {
 public:
  explicit ProviderRegistry(ProviderEnvironment environment);
  ~ProviderRegistry();

  /// The kinds that are built in.
  std::vector<std::string> names() const;
  /// From now on its name is a provider of its kind; one of kind "exec" is a provider of its own,
  /// with its program and its secrets. Not while others may ask for providers.
  void give(const GivenProvider& provider);
  /// Throws Error with the names that exist.
  Provider& get(const std::string& name);
  /// Null when there is none.
  Provider* find(const std::string& name);
  /// Takes the place of the one with this name: for tests.
  void put(const std::string& name, std::unique_ptr<Provider> provider);

 private:
  std::string kind_of(const std::string& name) const;

  ProviderEnvironment environment_;
  std::map<std::string, std::unique_ptr<Provider>> built_;
  std::map<std::string, std::string> given_;              ///< name -> kind
  std::map<std::string, std::unique_ptr<Provider>> own_;  ///< those that have one of their own
};

}  // namespace muster
