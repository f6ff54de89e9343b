#include "provisioner/bmc/power.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "provisioner/base/error.h"
#include "tests/support/said.h"

using namespace muster;
using namespace std::chrono_literals;

namespace {

/// A switch that needs some looks until it has done what it was told, or never does.
class FakeBmc : public Bmc {
 public:
  explicit FakeBmc(PowerState now) : now_(now) {}

  PowerState state() override {
    if (looks_ > 0 && --looks_ == 0) now_ = wanted_;
    return looks_ > 0 ? PowerState::changing : now_;
  }
  void switch_on() override { order("on", PowerState::on); }
  bool shut_down() override {
    if (!can_shut_down) return false;
    orders.emplace_back("soft");
    if (hears) begin(PowerState::off);
    return true;
  }
  void cut_power() override { order("off", PowerState::off); }
  void boot_from_network_once() override { orders.emplace_back("pxe"); }

  std::vector<std::string> orders;
  bool can_shut_down = true;
  bool hears = true;     ///< the operating system
  bool stuck = false;    ///< the switch
  int lost = 0;          ///< orders of which nothing comes
  bool refuses = false;  ///< a second order

 private:
  void order(const char* name, PowerState wanted) {
    orders.emplace_back(name);
    if (refuses && orders.size() > 1) {
      begin(wanted);  // what was ordered before comes true now
      throw Error("it is busy");
    }
    if (lost > 0) {
      --lost;
    } else if (!stuck) {
      begin(wanted);
    }
  }
  void begin(PowerState wanted) {
    wanted_ = wanted;
    looks_ = 3;
  }

  PowerState now_;
  PowerState wanted_ = PowerState::off;
  int looks_ = 0;
};

using Orders = std::vector<std::string>;

PowerLimits quick() { return {30ms, 30ms, 1ms, {}}; }

}  // namespace

TEST_CASE("power: what is as wanted is left alone") {
  FakeBmc on(PowerState::on);
  power_on(on, quick());
  CHECK(on.orders == Orders{});
  FakeBmc off(PowerState::off);
  power_off(off, quick());
  cut_power(off, quick());
  CHECK(off.orders == Orders{});
}

TEST_CASE("power: on returns when the host is on") {
  FakeBmc bmc(PowerState::off);
  power_on(bmc, quick());
  CHECK(bmc.orders == Orders{"on"});
  CHECK(bmc.state() == PowerState::on);
}

TEST_CASE("power: off asks the operating system, and waits for it") {
  FakeBmc bmc(PowerState::on);
  power_off(bmc, quick());
  CHECK(bmc.orders == Orders{"soft"});
  CHECK(bmc.state() == PowerState::off);
}

TEST_CASE("power: off cuts the power of a system that does not end, or cannot be asked") {
  FakeBmc deaf(PowerState::on);
  deaf.hears = false;
  power_off(deaf, quick());
  CHECK(deaf.orders == Orders{"soft", "off"});
  FakeBmc plain(PowerState::on);
  plain.can_shut_down = false;
  power_off(plain, quick());
  CHECK(plain.orders == Orders{"off"});
}

TEST_CASE("power: a cycle is off and on, of a host that is off only on") {
  FakeBmc bmc(PowerState::on);
  power_cycle(bmc, quick());
  CHECK(bmc.orders == Orders{"off", "on"});
  FakeBmc off(PowerState::off);
  power_cycle(off, quick());
  CHECK(off.orders == Orders{"on"});
}

TEST_CASE("power: a switch that does not do what it took on is an error") {
  FakeBmc bmc(PowerState::on);
  bmc.stuck = true;
  CHECK(error_of([&] {
          cut_power(bmc, quick());
        }).starts_with("the BMC took the order, and the power is not off after 30ms"));
}

TEST_CASE("power: an order that was lost is given again, one that is being done is not") {
  FakeBmc bmc(PowerState::off);
  bmc.lost = 1;
  auto limits = quick();
  limits.change = 60s;
  limits.again = 1ms;
  power_on(bmc, limits);
  CHECK(bmc.orders == Orders{"on", "on"});
  CHECK(bmc.state() == PowerState::on);
}

TEST_CASE("power: an order that is refused when it is given again does not undo the first one") {
  FakeBmc bmc(PowerState::off);
  bmc.lost = 1;
  bmc.refuses = true;
  auto limits = quick();
  limits.change = 60s;
  limits.again = 1ms;
  power_on(bmc, limits);
  CHECK(bmc.orders == Orders{"on", "on"});
  CHECK(bmc.state() == PowerState::on);
}

TEST_CASE("power: a stop ends the wait") {
  FakeBmc bmc(PowerState::on);
  bmc.stuck = true;
  std::stop_source stop;
  stop.request_stop();
  auto limits = quick();
  limits.stop = stop.get_token();
  try {
    cut_power(bmc, limits);
    FAIL("it returned");
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::interrupted);
  }
}
