import type { Fault } from './fault.ts';

const worker: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'return size + std::max(next.run, 1U) <= Connection::kBatch;',
    instead: 'return size < Connection::kBatch;',
    harm: 'a new service goes out without its destinations',
  },
  {
    text: 'static_cast<ptrdiff_t>(first_));\n      first_ = 0;\n',
    instead: 'static_cast<ptrdiff_t>(first_));\n',
    harm: 'calls of a long queue are lost',
  },
  {
    text: 'if (shared_->reading && number + 1 == shared_->begun)',
    instead: 'if (shared_->reading)',
    harm: 'to cancel a call that has ended cancels another one',
  },
  {
    text: 'if (shared_->reading && number + 1 == shared_->begun)',
    instead: 'if (number + 1 == shared_->begun)',
    harm: 'to cancel the last of a run of writes cancels what others in it read',
  },
  {
    text: '    shared->interrupted = false;\n',
    instead: '',
    harm: 'after a cancelled read all others are cancelled',
  },
  {
    text: ' || !shared_->replies.empty() ||',
    instead: ' ||',
    harm: 'a write is answered before those that came before it',
  },
  {
    text: 'if (shared_->busy || !shared_->queue.empty() ||',
    instead: 'if (shared_->busy ||',
    harm: 'a write takes effect before those that came before it',
  },
  {
    text: 'if (run->calls[i].cancelled && call.record.operation != kDropSampler) {',
    instead: 'if (false) {',
    harm: 'a cancelled call is executed',
  },
  {
    text: ' && call.record.operation != kDropSampler',
    instead: '',
    harm: 'a sampler whose end was given up holds its rows for as long as its client lives',
  },
  {
    text: 'run->replies[run->indexes[k]] = std::move(run->written[k]);',
    instead: 'run->replies[k] = std::move(run->written[k]);',
    harm: 'where one of a run was cancelled, writes have one another’s answers',
  },
  {
    text: 'IsWrite((*queue)[0].call.record.operation) && HasRoom',
    instead: 'HasRoom',
    harm: 'a read that follows writes delays their answers, and cannot be cancelled',
  },
  {
    text: '  shared_->notify = nullptr;\n',
    instead: '',
    harm: 'a client that is gone is called',
  },
  {
    text: '    if (shared_->debt_until > start + kMaxDebt) return false;\n',
    instead: '',
    harm: 'slow writes hold up the event loop',
  },
  {
    text: 'if (!shared_->started) error = shared_->Start(shared_);',
    instead: 'error = shared_->Start(shared_);',
    harm: 'each call starts a thread',
  },
  {
    text: '    shared_->stopping = true;\n    shared_->interrupted = true;\n',
    instead: '    shared_->stopping = true;\n',
    harm: 'a client that is closed reads on to the end of a long list',
  },
  {
    text: 'if (place < shared_->queue.size()) shared_->queue[place].cancelled = true;',
    instead: 'if (place > 0 && place < shared_->queue.size()) shared_->queue[place].cancelled = true;',
    harm: 'the call that would be next cannot be cancelled',
  },
];

const session: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'return connection_.open() && UsedBefore(call.service);',
    instead: 'return connection_.open();',
    harm: 'the event loop waits until a scheduler’s module is loaded',
  },
  {
    text: 'if (updated_.count(row) > 0) {',
    instead: 'if (false) {',
    harm: 'a second update of a destination takes back the first',
  },
  {
    text: '  if (used_with_ != connection_.family()) used_.clear();\n',
    instead: '',
    harm: 'modules are believed to be loaded that went with ip_vs',
  },
  {
    text: '    Send();\n    destinations_of_ = nullptr;\n    ServiceRow present',
    instead: '    destinations_of_ = nullptr;\n    ServiceRow present',
    harm: 'an update does not see the write before it',
  },
  {
    text: '      default:\n        destinations_of_ = nullptr;\n',
    instead: '      default:\n',
    harm: 'an update after a write goes by what was there before it',
  },
  {
    text: 'return a.family == b.family && a.port == b.port && std::memcmp',
    instead: 'return a.family == b.family && std::memcmp',
    harm: 'an update hits another port of its server',
  },
  {
    text: 'status_ == kOk ? ENOENT : status_;',
    instead: 'ENOENT;',
    harm: 'an update of a missing service tells of a missing destination',
  },
  {
    text: 'return !Connection::MayBeStale(*status);',
    instead: 'return true;',
    harm: 'a write fails once each time ip_vs was loaded anew',
  },
];

export const calls: readonly Fault[] = [
  ...worker.map(fault => ({ file: 'calls/worker.cc', ...fault })),
  ...session.map(fault => ({ file: 'calls/session.cc', ...fault })),
];
