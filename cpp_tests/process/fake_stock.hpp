// A BEAM node with stock Groot, as far as a node like ours can tell: answers remote calls, monitors
// and casts, holds registers, counts reductions, dies of what stock dies of.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <set>

#include "script.hpp"

namespace groot::process::testing {

enum class Runs { no_groot, groot_without_delete, groot_with_delete };

class FakeStock {
 public:
  // Connects.
  FakeStock(Script& script, std::string name, Runs runs, bool visible = false);

  // Lets it answer everything that was sent to it, and everything that follows from that, at once.
  // With `calls_wait`, remote calls stay unanswered until the next settle().
  void settle(bool calls_wait = false);
  // Answers so many frames and loses all others.
  void answer_only(int frames);
  // The same for several, each with its own frames.
  static void settle(Script& script, std::initializer_list<FakeStock*> peers);
  // Passes time in small steps and settles after each.
  void pass(std::int64_t milliseconds);

  void cut();        // the link ends, the node lives on
  void reconnect();  // a new one
  void start_groot(Runs runs);
  void kill_storage(bool restart = true, std::string_view reason = "killed");

  // Local writes, as Groot.set and Groot.delete there.
  void set(const std::string& key, const std::string& value);
  void erase(const std::string& key);
  [[nodiscard]] std::string get(const std::string& key) const;  // "none" when absent
  // Its storage process handles a message that changes nothing.
  void works(std::int64_t reductions = 1) { reductions_ += reductions; }

  [[nodiscard]] Pid storage() const { return {{name_}, storage_id_, 0, 9}; }
  // A cast from its storage process, or from another process there.
  void cast_state(bool from_storage = true);

  LinkId link = 0;
  int announcements = 0;  // {nodeup, _} handled
  int states_pushed = 0;  // update_registers received
  int polls = 0;          // process_info asked for
  int deaths = 0;         // of what was sent
  bool answers = true;    // false: silent, as a node that hangs
  bool busy = false;      // its storage process says so
  std::int64_t announcement_reductions = 1;
  bool loses_announcements = false;
  std::int64_t clock_ahead_ms = 0;         // of our wall clock
  bool spawns = true;                      // false: refuses spawn requests
  std::vector<std::string> calls;          // "module:function/arity", in order
  std::vector<Term> spawned_casts;         // arguments of execute_cast
  std::vector<Term> evaluated;             // bindings of erl_eval:exprs
  std::function<void()> after_state_cast;  // between a state and the next question
  // Overrides the answer to a remote call: "module:function" to value.
  std::map<std::string, Term> canned;

 private:
  struct Register {
    Term value;
    std::uint64_t time = 0;
    std::uint64_t counter = 0;
    std::uint64_t node_id = 0;
    Term whole;
  };
  void handle(const Sent& sent, bool calls_wait);
  void spawn(const dist::SpawnRequest& request, const Term& arguments);
  void monitor(const dist::MonitorP& monitor);
  Term evaluate(const std::string& function, const std::vector<Term>& arguments);
  void storage_message(const Term& message);
  void merge(const Term& reg);
  [[nodiscard]] bool runs_groot() const { return runs_ != Runs::no_groot; }

  Script& script_;
  std::string name_;
  Runs runs_;
  bool visible_;
  std::uint32_t storage_id_ = 100;
  bool storage_alive_ = true;
  std::int64_t reductions_ = 1'000;
  std::map<std::string, Register> registers_;
  std::vector<dist::MonitorP> monitors_;
  std::vector<Sent> waiting_;
};

}  // namespace groot::process::testing
