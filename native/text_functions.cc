#include "text_functions.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "columns.h"
#include "line_shapes.h"
#include "row_order.h"
#include "row_text.h"

namespace ipvs {

namespace {

// A copy of a vector's bytes, as a typed array of JavaScript's own.
template <typename Array, typename Item>
Array CopyOf(Napi::Env env, const std::vector<Item>& items) {
  const size_t bytes = items.size() * sizeof(Item);
  Array array = Array::New(env, bytes / sizeof(typename std::remove_pointer_t<decltype(array.Data())>));
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
  result.Set("lines", CopyOf<Napi::Uint32Array>(env, shaped.lines));
  result.Set("shapes", CopyOf<Napi::Uint32Array>(env, shaped.shapes));
  return result;
}

// fillTemplates(lines, templateOf, templates): the records of lines, of those that have a template.
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
  result.Set("records", CopyOf<Napi::Uint8Array>(env, filled.records));
  result.Set("lines", CopyOf<Napi::Uint32Array>(env, filled.lines));
  result.Set("rest", CopyOf<Napi::Uint32Array>(env, filled.rest));
  return result;
}

uint32_t NumberIn(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : UINT32_MAX;
}

// What is no string is empty: arrays may have holes.
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

// A list and what a line of it is made of: { rows, buffer, pieces }.
struct Lines {
  ListView list;
  std::vector<Piece> pieces;
};

std::optional<Lines> LinesOf(const Napi::Value& value, unsigned words) {
  if (!value.IsObject()) return std::nullopt;
  const auto object = value.As<Napi::Object>();
  const Napi::Value buffer = object.Get("buffer");
  const Napi::Value pieces = object.Get("pieces");
  if (!buffer.IsArrayBuffer() || !pieces.IsArray()) return std::nullopt;

  auto memory = buffer.As<Napi::ArrayBuffer>();
  const uint32_t rows = NumberIn(object, "rows");
  if (memory.ByteLength() != ListView::Bytes(rows, words)) return std::nullopt;
  Lines lines = {ListView(static_cast<const uint8_t*>(memory.Data()), rows, words), {}};

  const auto array = pieces.As<Napi::Array>();
  const uint32_t count = array.Length();
  for (uint32_t i = 0; i < count; ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsObject()) return std::nullopt;
    const auto piece = item.As<Napi::Object>();
    lines.pieces.push_back({static_cast<Piece::Kind>(NumberIn(piece, "kind")), NumberIn(piece, "column"),
                            NumberIn(piece, "family"), NumberIn(piece, "width"),
                            StringsIn(piece.Get("texts"))});
  }
  if (!Fits(lines.pieces, lines.list)) return std::nullopt;
  return lines;
}

// A line's room, to begin with.
constexpr size_t kUsualLine = 100;

// formatTable(services, destinations, sorted): a line for each service, and after it the lines of its
// destinations.
Napi::Value FormatTable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 3 || !info[2].IsBoolean()) return env.Undefined();
  const std::optional<Lines> services = LinesOf(info[0], kServiceWords);
  const std::optional<Lines> destinations = LinesOf(info[1], kDestinationWords);
  if (!services || !destinations) return env.Undefined();
  const bool sorted = info[2].As<Napi::Boolean>();
  const TableOrder order = sorted ? SortedOrder(services->list, destinations->list)
                                  : KernelOrder(services->list, destinations->list);

  auto text = std::make_unique<std::string>();
  text->reserve((services->list.rows() + destinations->list.rows()) * kUsualLine);
  auto next = order.destinations.begin();
  for (const uint32_t service : order.services) {
    AppendLine(services->pieces, services->list, service, text.get());
    for (; next != order.destinations.end() && destinations->list.Word(kDestinationService, *next) == service;
         ++next) {
      AppendLine(destinations->pieces, destinations->list, *next, text.get());
    }
  }
  char* const bytes = text->data();
  const size_t length = text->size();
  const auto release = [](Napi::Env, char*, std::string* owner) { delete owner; };
  return Napi::Buffer<char>::NewOrCopy(env, bytes, length, release, text.release());
}

}  // namespace

void DefineTextFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("shapeLines", Napi::Function::New<ShapeLines>(env, "shapeLines"));
  exports.Set("fillTemplates", Napi::Function::New<FillTemplates>(env, "fillTemplates"));
  exports.Set("formatTable", Napi::Function::New<FormatTable>(env, "formatTable"));
}

}  // namespace ipvs
