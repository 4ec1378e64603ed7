#include "native/node/text_functions.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "native/cli/line_shapes.h"
#include "native/cli/listing.h"
#include "native/cli/overview.h"
#include "native/cli/saved_rules.h"
#include "native/cli/usual_command.h"
#include "native/cli/usual_rules.h"
#include "native/table/columns.h"

namespace ipvs {

namespace {

// A copy of a vector's bytes, as a typed array of JavaScript's own.
template <typename Element, typename Item>
Napi::TypedArrayOf<Element> CopyOf(Napi::Env env, const std::vector<Item>& items) {
  const size_t bytes = items.size() * sizeof(Item);
  auto array = Napi::TypedArrayOf<Element>::New(env, bytes / sizeof(Element));
  if (bytes > 0) std::memcpy(array.Data(), items.data(), bytes);
  return array;
}

// A copy of a typed array's bytes.
template <typename Item>
std::vector<Item> VectorOf(const Napi::TypedArray& array) {
  std::vector<Item> items(array.ByteLength() / sizeof(Item));
  const auto* start = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  if (!items.empty()) std::memcpy(items.data(), start, items.size() * sizeof(Item));
  return items;
}

// shapeLines(text): the lines of a text and their shapes, as the words of line_shapes.h's structs.
Napi::Value ShapeLines(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) return env.Undefined();
  const std::u16string text = info[0].As<Napi::String>().Utf16Value();
  const ShapedLines shaped = ipvs::ShapeLines(text.data(), text.size());
  Napi::Object result = Napi::Object::New(env);
  result.Set("lines", CopyOf<uint32_t>(env, shaped.lines));
  result.Set("shapes", CopyOf<uint32_t>(env, shaped.shapes));
  return result;
}

// fillTemplates(lines, templateOf, templates): the records of those lines that have a template.
Napi::Value FillTemplates(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 3 || !info[0].IsTypedArray() || !info[1].IsTypedArray() || !info[2].IsTypedArray()) {
    return env.Undefined();
  }
  const auto lines = VectorOf<Line>(info[0].As<Napi::TypedArray>());
  const auto template_of = VectorOf<uint32_t>(info[1].As<Napi::TypedArray>());
  const auto templates = VectorOf<LineTemplate>(info[2].As<Napi::TypedArray>());
  const LineRecords filled = ipvs::FillTemplates(lines.data(), lines.size(), template_of, templates);
  Napi::Object result = Napi::Object::New(env);
  result.Set("records", CopyOf<uint8_t>(env, filled.records));
  result.Set("lines", CopyOf<uint32_t>(env, filled.lines));
  result.Set("rest", CopyOf<uint32_t>(env, filled.rest));
  return result;
}

uint32_t NumberIn(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : UINT32_MAX;
}

// The strings of an array; an element that is no string, as a hole is, becomes an empty one.
std::vector<std::string> StringsIn(const Napi::Value& value) {
  std::vector<std::string> strings;
  if (!value.IsArray()) return strings;
  const auto array = value.As<Napi::Array>();
  const uint32_t length = array.Length();
  strings.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    const Napi::Value item = array.Get(i);
    strings.push_back(item.IsString() ? item.As<Napi::String>().Utf8Value() : "");
  }
  return strings;
}

// A list in columns: { rows, buffer }.
std::optional<ListView> ListOf(const Napi::Value& value, unsigned words) {
  if (!value.IsObject()) return std::nullopt;
  const auto object = value.As<Napi::Object>();
  const Napi::Value buffer = object.Get("buffer");
  if (!buffer.IsArrayBuffer()) return std::nullopt;
  auto memory = buffer.As<Napi::ArrayBuffer>();
  const uint32_t rows = NumberIn(object, "rows");
  if (memory.ByteLength() != ListView::Bytes(rows, words)) return std::nullopt;
  return ListView(static_cast<const uint8_t*>(memory.Data()), rows, words);
}

// Whether all names that services have are among so many.
bool HaveNames(const ListView& services, size_t names) {
  for (size_t row = 0; row < services.rows(); ++row) {
    if (std::max(services.Word(kServiceScheduler, row), services.Word(kServiceEngine, row)) >= names) {
      return false;
    }
  }
  return true;
}

std::optional<ListingOptions> OptionsOf(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const auto object = value.As<Napi::Object>();
  const uint32_t show = NumberIn(object, "show");
  if (show > static_cast<uint32_t>(Show::kTunnels)) return std::nullopt;
  return ListingOptions{static_cast<Show>(show), object.Get("exact").ToBoolean(),
                        object.Get("sort").ToBoolean()};
}

// formatTable(services, destinations, names, options, texts): what ipvsadm prints of a table, as UTF-8.
Napi::Value FormatTable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 5 || !info[4].IsObject()) return env.Undefined();
  const std::optional<ListView> services = ListOf(info[0], kServiceWords);
  const std::optional<ListView> destinations = ListOf(info[1], kDestinationWords);
  const std::optional<ListingOptions> options = OptionsOf(info[3]);
  if (!services || !destinations || !options) return env.Undefined();
  const auto given = info[4].As<Napi::Object>();
  ListingTexts texts = {StringsIn(given.Get("serviceNames")), StringsIn(given.Get("destinationNames")),
                        StringsIn(given.Get("tunnels"))};
  if (!Matches(texts, *services, *destinations, options->show)) return env.Undefined();

  auto text = std::make_unique<std::string>(
      Listing(*services, *destinations, StringsIn(info[2]), *options, std::move(texts)));
  char* const bytes = text->data();
  const size_t length = text->size();
  const auto release = [](Napi::Env, char*, std::string* owner) { delete owner; };
  return Napi::Buffer<char>::NewOrCopy(env, bytes, length, release, text.release());
}

// usualCommand(words): what ipvs-quick reads in a command line, { kind, call }; for tests.
Napi::Value ReadUsual(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1) return env.Undefined();
  const std::vector<std::string> words = StringsIn(info[0]);
  const std::optional<UsualCommand> command = ReadUsualCommand({words.begin(), words.end()});
  if (!command) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result.Set("kind", static_cast<uint32_t>(command->kind));
  result.Set("call", CopyOf<uint8_t>(env, std::vector<CallRecord>{command->call}));
  return result;
}

// usualRules(text): the records that ipvs-quick makes of a rules file, and their lines; undefined where it
// leaves them to Node.js. For tests.
Napi::Value ReadRules(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) return env.Undefined();
  const std::optional<UsualRules> rules = ReadUsualRules(info[0].As<Napi::String>().Utf8Value());
  if (!rules) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result.Set("records", CopyOf<uint8_t>(env, rules->calls));
  result.Set("lines", CopyOf<uint32_t>(env, rules->lines));
  return result;
}

// usualText(kind, services, destinations, names): what ipvs-quick prints of a table for -Sn or `ipvs list`;
// undefined where it leaves that to Node.js. For tests.
Napi::Value UsualText(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 4 || !info[0].IsNumber()) return env.Undefined();
  const bool saved = info[0].As<Napi::Number>().Uint32Value() == UsualCommand::kSave;
  const std::optional<ListView> services = ListOf(info[1], kServiceWords);
  const std::optional<ListView> destinations = ListOf(info[2], kDestinationWords);
  const std::vector<std::string> names = StringsIn(info[3]);
  if (!services || !destinations || !HaveNames(*services, names.size())) return env.Undefined();
  const std::optional<std::string> text = (saved ? SavedRules : Overview)(*services, *destinations, names);
  if (!text) return env.Undefined();
  return Napi::String::New(env, *text);
}

}  // namespace

void DefineTextFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("shapeLines", Napi::Function::New<ShapeLines>(env, "shapeLines"));
  exports.Set("fillTemplates", Napi::Function::New<FillTemplates>(env, "fillTemplates"));
  exports.Set("formatTable", Napi::Function::New<FormatTable>(env, "formatTable"));
  exports.Set("usualCommand", Napi::Function::New<ReadUsual>(env, "usualCommand"));
  exports.Set("usualRules", Napi::Function::New<ReadRules>(env, "usualRules"));
  exports.Set("usualText", Napi::Function::New<UsualText>(env, "usualText"));
}

}  // namespace ipvs
