-- nvim-dap.lua - Neovim: halt at a chapter or at a layer, with nvim-dap and gdb 14
--
--   :luafile chapters/tours/editors/nvim-dap.lua
--   :lua require("dap").continue()          choose one of the names below

local dap = require("dap")

dap.adapters.gdb = {
    type = "executable",
    command = "gdb",
    args = { "--interpreter=dap", "-iex", "set debuginfod enabled off" },
}

local function lesson(name, ...)
    return {
        name = name,
        type = "gdb",
        request = "launch",
        program = "${workspaceFolder}/build/debug/run",
        args = { name, ... },
        cwd = "${workspaceFolder}",
        stopAtBeginningOfMainSubprogram = true,
    }
end

dap.configurations.c = {
    lesson("chapter00_map", "--threads", "1", "--kernels", "plain", "-n", "8"),
    lesson("chapter01_tokenizer"),
    lesson("chapter02_weights"),
    lesson("chapter03_layers", "--threads", "1", "--kernels", "plain"),
    lesson("chapter04_attention", "--threads", "1", "--kernels", "plain"),
    lesson("chapter05_sampling", "--threads", "1", "--kernels", "plain"),
    lesson("chapter06_quantize", "--threads", "1", "--kernels", "plain", "Once upon a time"),
}
