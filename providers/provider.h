#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "inventory/record.h"
#include "provisioner/base/error.h"

namespace muster {

/// A failure that asking again may cure: a quota that others use just now, a node that did not
/// boot. The engine asks again, with growing pauses; providers do not.
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
};

/// A node that exists (or half exists) at the provider.
struct ProvidedNode {
  std::string handle;  ///< for destroy
  std::string token;
  std::string name;
  bool complete = false;  ///< false: create was cut; destroy it or create again
  Endpoint endpoint;
  bool running = true;  ///< false: it is switched off; create with its token switches it on
};

/// Where nodes come from. Implementations may be called from several threads at once. Failures
/// are Errors that say what the user can do.
class Provider {
 public:
  virtual ~Provider() = default;

  /// Mistakes in the hints (JSON object text), and reasons why no node can be made here and now.
  /// Called at plan time; changes nothing.
  virtual std::vector<std::string> validate(const std::string& hints) = 0;

  /// Called once at the start of a run, before the first create: makes what all nodes share.
  /// `note` gets lines for a person ("building the node image (about a minute)").
  virtual void prepare(const std::function<void(const std::string&)>& note) = 0;

  /// Returns when the node answers on SSH. Idempotent by token; finishes a create that was cut.
  virtual ProvidedNode create(const NodeSpec& spec) = 0;

  /// Fine when the node is gone already, or was never whole.
  virtual void destroy(const std::string& handle) = 0;

  /// Every node with the tag, also half made ones.
  virtual std::vector<ProvidedNode> list(const std::string& tag) = 0;

  /// Switches the node off as if its plug were pulled, or on again; it keeps disk and address.
  /// On returns when the node answers on SSH.
  virtual void set_power(const std::string& handle, bool on) {
    throw Error("the provider of node '" + handle + "' cannot switch it " + (on ? "on" : "off"));
  }
};

/// What providers may use of this machine.
struct ProviderEnvironment {
  std::filesystem::path cache;  ///< node images, artifact store
};

/// Names that a definition may use, and how to build the provider. "local" is built in. A Digital
/// Rebar style name "<kind>-provider" means the kind.
class ProviderRegistry {
 public:
  explicit ProviderRegistry(ProviderEnvironment environment);
  ~ProviderRegistry();

  std::vector<std::string> names() const;
  /// Throws Error with the names that exist.
  Provider& get(const std::string& name);
  /// Takes the place of the one with this name: for tests.
  void put(const std::string& name, std::unique_ptr<Provider> provider);

 private:
  ProviderEnvironment environment_;
  std::map<std::string, std::unique_ptr<Provider>> built_;
};

}  // namespace muster
