// A host of files for nn~, as small as the protocol allows: `python -m benchmarks.export.libtorch`.
//
//     nn_host MODEL                                       what the file has
//     nn_host MODEL METHOD BLOCK INPUT OUTPUT [NAME=VALUE]...   a method over blocks
//
// INPUT and OUTPUT hold float32, one signal after the other, at the rate of the host. A method
// takes the last of each `in_ratio` samples, and each number that it gives lasts `out_ratio`
// samples. Attributes are set before the first block. Lines on stdout are words for the benchmark.

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/script.h>
#include <torch/version.h>

using torch::jit::IValue;
using torch::jit::Module;
using Words = std::vector<std::string>;

// Types of values in the `_params` of an attribute.
enum { BOOL = 0, INT = 1, FLOAT = 2 };

static Words names(Module &model, const char *method) {
  Words words;
  const auto list = model.get_method(method)({}).toList();
  for (size_t i = 0; i < list.size(); i++)
    words.push_back(list.get(i).toStringRef());
  return words;
}

static std::vector<int64_t> numbers(Module &model, const std::string &name) {
  const auto tensor = model.attr(name + "_params").toTensor().to(torch::kLong).contiguous();
  const auto *first = tensor.data_ptr<int64_t>();
  return {first, first + tensor.numel()};
}

static std::string value_of(Module &model, const std::string &name) {
  const auto values = model.get_method("get_" + name)({}).toList();
  const auto types = numbers(model, name);
  std::string text;
  for (size_t i = 0; i < types.size(); i++) {
    const IValue value = values.get(i);
    if (types[i] == BOOL)
      text += value.toBool() ? "true" : "false";
    else if (types[i] == INT)
      text += std::to_string(value.toInt());
    else
      text += std::to_string(value.toDouble());
  }
  return text;
}

// Answer of the setter: 0 where the host may go on.
static int64_t set(Module &model, const std::string &name, const std::string &word) {
  const auto type = numbers(model, name).at(0);
  IValue value;
  if (type == BOOL)
    value = word == "true";
  else if (type == INT)
    value = static_cast<int64_t>(std::stod(word));
  else
    value = std::stod(word);
  return model.get_method("set_" + name)({value}).toInt();
}

static void describe(Module &model) {
  std::cout << "torch " << TORCH_VERSION << "\n";
  for (const auto &name : names(model, "get_methods")) {
    std::cout << "method " << name;
    for (const auto number : numbers(model, name))
      std::cout << " " << number;
    std::cout << "\n";
  }
  for (const auto &name : names(model, "get_attributes"))
    std::cout << "attribute " << name << " " << value_of(model, name) << "\n";
}

static torch::Tensor read_signals(const char *path, int64_t channels) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const int64_t count = static_cast<int64_t>(file.tellg()) / 4;
  file.seekg(0);
  auto signals = torch::empty({channels, count / channels});
  file.read(reinterpret_cast<char *>(signals.data_ptr<float>()), count * 4);
  return signals;
}

static torch::Tensor perform(Module &model, const std::string &method,
                             const std::vector<int64_t> &params, const torch::Tensor &block) {
  const auto input = block.reshape({1, params[0], -1, params[1]}).select(-1, -1);
  const auto output = model.get_method(method)({input}).toTensor();
  return output.repeat_interleave(params[3]).reshape({params[2], -1});
}

static void run(Module &model, const std::string &method, int64_t size, const char *input,
                const char *output) {
  const auto params = numbers(model, method);
  const auto signals = read_signals(input, params[0]);
  std::vector<torch::Tensor> parts;
  std::vector<double> ms;
  for (const auto &block : signals.split(size, 1)) {
    const auto began = std::clock();
    parts.push_back(perform(model, method, params, block.contiguous()));
    ms.push_back(1e3 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC);
  }
  const auto whole = torch::cat(parts, 1).contiguous();
  std::ofstream file(output, std::ios::binary);
  file.write(reinterpret_cast<const char *>(whole.data_ptr<float>()), whole.numel() * 4);
  // TorchScript compiles in the first blocks: those after the fourth are timed.
  const size_t warm = std::min<size_t>(4, ms.size() - 1);
  double total = 0;
  for (size_t i = warm; i < ms.size(); i++)
    total += ms[i];
  std::cout << "milliseconds " << total / static_cast<double>(ms.size() - warm) << "\n";
}

int main(int argc, char **argv) {
  if (argc != 2 && argc < 6) {
    std::cerr << "usage: nn_host MODEL [METHOD BLOCK INPUT OUTPUT [NAME=VALUE]...]\n";
    return 2;
  }
  try {
    c10::InferenceMode guard;
    at::set_num_threads(1);
    Module model = torch::jit::load(argv[1]);
    model.eval();
    if (argc == 2) {
      describe(model);
      return 0;
    }
    for (int i = 6; i < argc; i++) {
      const std::string word = argv[i];
      const auto equals = word.find('=');
      const auto name = word.substr(0, equals);
      std::cout << "set " << name << " " << set(model, name, word.substr(equals + 1)) << " "
                << value_of(model, name) << "\n";
    }
    run(model, argv[2], std::stoll(argv[3]), argv[4], argv[5]);
  } catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
