#include "native/table/sampler.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ipvs {

void Sampler::Choose(const ServiceRecord& service) {
  const bool known = std::any_of(chosen_.begin(), chosen_.end(),
                                 [key = KeyOf(service)](const auto& chosen) { return KeyOf(chosen) == key; });
  if (!known) chosen_.push_back(service);
}

void Sampler::Forget() {
  Sampler fresh;
  fresh.chosen_ = std::move(chosen_);
  fresh.generation_ = generation_;
  *this = std::move(fresh);
}

size_t Sampler::bytes() const {
  return BytesOf(chosen_) + BytesOf(services_listed_) + BytesOf(stretch_.services) +
         BytesOf(stretch_.destinations) + services_.bytes() + destinations_.bytes() + identities_.bytes();
}

int Sampler::ReadTable(TableReaders* readers, uint32_t parts) {
  TableReader& reader = readers->first();
  services_listed_.clear();
  services_read_ = 0;
  destinations_read_ = 0;
  stretch_.Clear();
  services_span_.from = Stretch::Now();
  if ((parts & kSampleChosen) == 0) {
    if (const int status = reader.Services(WhenTorn::kTake, &services_listed_); status != kOk) return status;
  }
  for (const ServiceRecord& chosen : chosen_) {
    ServiceRow row = {};
    const int status = reader.Service(chosen, &row);
    if (status == ESRCH) continue;
    if (status != kOk) return status;
    services_listed_.push_back(row);
  }
  services_span_.to = Stretch::Now();
  if ((parts & kSampleDestinations) == 0) return kOk;
  const int status = readers->Destinations(
      WhenTorn::kTake, services_listed_, [this] { TakeStretch(); }, &stretch_);
  // Without those that are gone.
  if (status == kOk) services_listed_.resize(services_read_);
  return status;
}

void Sampler::TakeStretch() {
  const size_t before = services_read_;
  // The reader needs no service any more whose destinations it has read.
  for (const Stretch::Service& service : stretch_.services) {
    const size_t place = services_read_++;
    if (service.index != place) services_listed_[place] = services_listed_[service.index];
  }
  destinations_read_ += stretch_.destinations.size();
  // As many as these services have the others have, too.
  if (services_read_ > 0) destinations_.Expect(destinations_read_ * services_listed_.size() / services_read_);
  for (const DestinationRow& listed : stretch_.destinations) {
    const size_t place = before + listed.service;
    const size_t known = destinations_.size();
    const uint32_t row =
        destinations_.Next(listed.key ^ (services_listed_[place].key * 0x9e3779b97f4a7c15ULL));
    if (row == SampleRows::kNoRow) continue;
    if (row >= known) {
      DestinationIdentity identity = {};
      std::copy_n(listed.config.address, kAddressBytes, identity.address);
      identity.family = static_cast<uint16_t>(listed.config.family);
      identity.port = static_cast<uint16_t>(listed.config.port);
      identities_.Set(row, identity, destinations_.columns().room());
    }
    const Stretch::Service& service = stretch_.services[listed.service];
    destinations_.Read(row, listed.counters, {service.from, service.to});
    destinations_.SetWord(kSampleService, row, static_cast<uint32_t>(place));  // its row, when all are known
    destinations_.SetWord(kSampleActive, row, listed.active_connections);
    destinations_.SetWord(kSampleInactive, row, listed.inactive_connections);
    destinations_.SetWord(kSamplePersistent, row, listed.persistent_connections);
    destinations_.SetWord(kSampleWeight, row, listed.config.weight);
  }
  stretch_.Clear();
}

void Sampler::TakeServices() {
  services_.Expect(services_listed_.size());
  for (const ServiceRow& listed : services_listed_) {
    const uint32_t row = services_.Next(listed.key);
    if (row != SampleRows::kNoRow) services_.Read(row, listed.counters, services_span_);
  }
}

int Sampler::Read(TableReaders* readers, uint32_t parts, const HeldBlocks& held, Sample* sample) {
  const bool reuse = (parts & kSampleReuse) != 0;
  services_.Begin(parts, held.services);
  destinations_.Begin(parts, held.destinations);
  if (const int status = ReadTable(readers, parts); status != kOk) {
    services_.Abandon();
    destinations_.Abandon();
    return status;
  }
  TakeServices();
  const bool other_services = services_.End();
  const bool other_destinations = destinations_.End();
  if (!destinations_.stayed().empty()) identities_.Keep(destinations_.stayed());
  const bool fresh = other_services || other_destinations || blank_;
  if (fresh) ++generation_;
  blank_ = false;
  for (size_t row = 0; row < destinations_.size(); ++row) {
    const uint32_t place = destinations_.columns().word(kSampleService, row);
    destinations_.SetWord(kSampleService, static_cast<uint32_t>(row), services_.row_at(place));
  }
  const auto block = [&](const SampleRows& rows, const void* memory) {
    return reuse ? rows.columns().Share(memory) : rows.columns().Copy();
  };
  sample->services = block(services_, held.services);
  sample->destinations = block(destinations_, held.destinations);
  sample->generation = generation_;
  if (fresh || (parts & kSampleKeys) != 0) sample->keys = Keys();
  return kOk;
}

std::unique_ptr<SampleKeys> Sampler::Keys() {
  ServiceIdentities services(services_.size());
  for (size_t i = 0; i < services_listed_.size(); ++i) {
    if (const uint32_t row = services_.row_at(i); row != SampleRows::kNoRow)
      services.Set(row, services_listed_[i]);
  }
  auto keys = std::make_unique<SampleKeys>();
  keys->services = services.Take();
  keys->destinations = identities_.Share(destinations_.size());
  return keys;
}

}  // namespace ipvs
