using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using BinarySize.Attribution.Go;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Go;

public partial class GoAttributionTests
{
    private static string Server(string os, string architecture, params string[] flags) => NativeSamples.Go("server.go", os, architecture, flags);

    /// <summary>Bytes of code by owner of one kind.</summary>
    private static Dictionary<string, long> Code(SizeMap map, OwnerKind kind)
    {
        var sizes = new Dictionary<string, long>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (map.Slices[i].Content != ContentKind.Code) continue;
            for (int o = map.Slices[i].Owner; o != 0; o = map.Owners[o].Parent)
            {
                if (map.Owners[o].Kind != kind) continue;
                string name = map.Names.Text(map.Owners[o].Name);
                sizes[name] = sizes.GetValueOrDefault(name) + map.LengthOf(i);
            }
        }
        return sizes;
    }

    /// <summary>Sizes of functions as go tool nm lists them, or as a map has them, under names that both can agree on.</summary>
    private static Dictionary<string, long> Listed(string path)
    {
        var sizes = new Dictionary<string, long>();
        foreach (Match m in NmLine().Matches(Tool.Run("go", "tool", "nm", "-size", path)))
        {
            // The two that are no functions mark where all of them start and end.
            if (m.Groups[2].Value is not ("T" or "t") || m.Groups[3].Value.TrimStart('_') is "runtime.text" or "runtime.etext") continue;
            long size = long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture);
            if (size > 0) sizes[Plain(m.Groups[3].Value)] = sizes.GetValueOrDefault(Plain(m.Groups[3].Value)) + size;
        }
        Assert.True(sizes.Count > 1000);
        return sizes;
    }

    private static Dictionary<string, long> Mapped(string path)
    {
        using SizeMap map = MapChecks.Map(path);
        MapChecks.IsPartition(map);
        var sizes = new Dictionary<string, long>();
        foreach ((string name, long size) in Code(map, OwnerKind.Symbol)) sizes[Plain(name)] = sizes.GetValueOrDefault(Plain(name)) + size;
        return sizes;
    }

    // The two tables write a few names differently: the linker's has ABI suffixes, type arguments, and on macOS an underscore.
    private static string Plain(string name)
    {
        name = name.Replace(".abi0", "", StringComparison.Ordinal).Replace("\u2026", "...", StringComparison.Ordinal).TrimStart('_');
        for (int open = name.IndexOf('[', StringComparison.Ordinal), close; open > 0; open = name.IndexOf('[', open + 1))
        {
            int depth = 0;
            for (close = open; close < name.Length && !(name[close] == ']' && depth == 1); close++) depth += name[close] == '[' ? 1 : name[close] == ']' ? -1 : 0;
            name = name[..open] + "[...]" + name[Math.Min(name.Length, close + 1)..];
        }
        return name;
    }

    private static List<string> Differences(Dictionary<string, long> expected, Dictionary<string, long> actual) =>
        [.. expected.Where(e => actual.GetValueOrDefault(e.Key) != e.Value).Select(e => $"{e.Key}: {actual.GetValueOrDefault(e.Key)}, not {e.Value}")];

    [Theory]
    [InlineData("linux", "amd64"), InlineData("linux", "386"), InlineData("linux", "arm64"), InlineData("linux", "s390x"), InlineData("windows", "amd64"), InlineData("darwin", "arm64")]
    public void Functions_have_the_sizes_that_go_tool_nm_says(string os, string architecture)
    {
        string path = NativeSamples.Go("hello.go", os, architecture);
        List<string> wrong = Differences(Listed(path), Mapped(path));
        Assert.True(wrong.Count == 0, $"{wrong.Count}: {string.Join("; ", wrong.Take(20))}");
    }

    [Theory]
    [InlineData("amd64"), InlineData("386"), InlineData("arm64"), InlineData("s390x")]
    public void Functions_of_a_stripped_program_end_where_the_padding_starts(string architecture)
    {
        Dictionary<string, long> expected = Listed(NativeSamples.Go("hello.go", "linux", architecture));
        string path = NativeSamples.Go("hello.go", "linux", architecture, "-ldflags=-s -w");
        List<string> wrong = Differences(expected, Mapped(path));
        // A function whose own last bytes look like padding cannot be told.
        Assert.True(wrong.Count * 100 <= expected.Count, $"{wrong.Count} of {expected.Count}: {string.Join("; ", wrong.Take(20))}");
        using SizeMap map = MapChecks.Map(path);
        long derived = 0, padding = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (map.Slices[i].Content == ContentKind.Code && map.Slices[i].Basis == Basis.Derived) derived += map.LengthOf(i);
            if (map.Names.Text(map.Parts[map.Slices[i].Part].Name) != "padding between functions") continue;
            Assert.Equal(PartKind.Padding, map.Parts[map.Slices[i].Part].Kind);
            Assert.Equal(0, map.Slices[i].Owner);
            padding += map.LengthOf(i);
        }
        if (architecture is "amd64" or "386")
        {
            Assert.True(derived > 0);
            Assert.InRange(padding, expected.Count, 32L * expected.Count);
        }
        else Assert.Equal((0, 0), (derived, padding));
    }

    [Theory]
    [InlineData("linux", "amd64", "-buildmode=exe"), InlineData("linux", "amd64", "-buildmode=pie"), InlineData("linux", "386", ""), InlineData("linux", "s390x", "")]
    [InlineData("windows", "amd64", ""), InlineData("darwin", "arm64", ""), InlineData("js", "wasm", "")]
    public void A_stripped_program_is_covered_to_the_last_function(string os, string architecture, string mode)
    {
        bool server = mode.Length > 0;
        string path = server ? Server(os, architecture, "-ldflags=-s -w", mode) : NativeSamples.Go("hello.go", os, architecture, "-ldflags=-s -w");
        using SizeMap map = MapChecks.Map(path);
        MapChecks.IsPartition(map);
        Assert.Empty(map.Warnings);
        Dictionary<string, long> packages = Code(map, OwnerKind.Namespace), modules = Code(map, OwnerKind.Package);
        long text = 0, owned = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            string section = map.Names.Text(map.Parts[map.Slices[i].Part].Name);
            if (map.Parts[map.Slices[i].Part].Kind != PartKind.Section || section is not (".text" or "__TEXT,__text" or "code")) continue;
            text += map.LengthOf(i);
            if (map.Slices[i].Owner != 0) owned += map.LengthOf(i);
        }
        // Apart from the padding behind the last function, and in Wasm the count in front of the first.
        Assert.InRange(text - owned, 0, 512);
        // Wasm has no build information.
        Assert.Equal(["Go standard library", os == "js" ? "main" : "command-line-arguments"], modules.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(text, modules.Values.Sum() + text - owned);
        Assert.InRange(packages.Count, server ? 100 : 20, 400);
        Assert.InRange(packages["runtime"], 100_000, 900_000);
        Assert.InRange(packages["main"], 100, 20_000);
        Assert.True(Code(map, OwnerKind.Type)[server ? "Server" : "pp"] > 1000);
        Assert.True(Code(map, OwnerKind.Member)[server ? "ServeHTTP" : "printValue"] > 1000);
    }

    [Fact]
    public void The_function_table_itself_is_charged_to_functions()
    {
        using SizeMap map = MapChecks.Map(Server("linux", "amd64", "-ldflags=-s -w", "-buildmode=exe"));
        long all = 0, owned = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            int part = map.Slices[i].Part;
            if (map.Names.Text(map.Parts[part].Name) is not (".gopclntab" or "Go function names" or "Go line tables" or "Go function records" or "Go file names" or "Go compilation units" or "Go function table header")) continue;
            all += map.LengthOf(i);
            if (map.Slices[i].Owner != 0) owned += map.LengthOf(i);
        }
        Assert.Equal(MapChecks.Parts(map, PartKind.Section)[".gopclntab"], all);
        Assert.True(owned > all * 85 / 100, $"{owned} of {all} bytes");
    }

    /// <summary>Programs that newer Go versions built, where this machine has any; the versions that we can build with are covered above.</summary>
    [Fact]
    public void Build_information_is_what_go_version_prints()
    {
        foreach (string path in (string[])[NativeSamples.Go("hello.go", "linux", "amd64"), NativeSamples.Go("hello.go", "windows", "amd64"), NativeSamples.Go("hello.go", "linux", "386"), "/usr/bin/go"])
        {
            using FileView view = FileView.Open(path);
            GoImage image = view.Bytes.Matches(0, "MZ"u8)
                ? GoImage.From(BinarySize.Formats.Pe.PeFile.Parse(view.Bytes), [])
                : GoImage.From(ElfFile.Parse(view.Bytes), []);
            GoBuildInfo? info = GoBuildInfo.Find(image);
            Assert.NotNull(info);
            string[] lines = Tool.Run("go", "version", "-m", path).Split('\n');
            Assert.EndsWith(": " + info.GoVersion, lines[0].TrimEnd(), StringComparison.Ordinal);
            Assert.Contains($"\tpath\t{info.MainPackage}", lines);
            Assert.Equal(lines.Count(l => l.StartsWith("\tdep\t", StringComparison.Ordinal)), info.Dependencies.Count);
        }
    }

    [Fact]
    public void The_table_of_old_programs_is_read()
    {
        // Go's own test data: a table that Go 1.15 wrote, by itself.
        string root = Directory.GetDirectories("/usr/share", "go-*").Order(StringComparer.Ordinal).First();
        using var packed = new GZipStream(File.OpenRead(Path.Combine(root, "src/debug/gosym/testdata/pcln115.gz")), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        packed.CopyTo(unpacked);
        byte[] content = unpacked.ToArray();
        // Its functions start at 0x1001000, as that file's test says; an ELF is made around both.
        GoImage image = ElfAround(content, 0x1001000, out FileView view);
        using (view)
        {
            GoFunctionTable? table = GoFunctionTable.Find(image);
            Assert.NotNull(table);
            Assert.Equal("1.2", table.Layout);
            Assert.True(table.Count > 1000);
            var names = new List<string>();
            for (int i = 0; i < table.Count; i++)
            {
                Assert.True(table.EntryOf(i) < table.EntryOf(i + 1));
                names.Add(System.Text.Encoding.UTF8.GetString(table.Bytes.CString(table.NameOf(table.RecordOf(i)))));
            }
            Assert.Contains("main.main", names);
            Assert.Contains("runtime.mallocgc", names);
        }
    }

    [Fact]
    public void The_layout_of_Go_1_16_is_read()
    {
        // Header, one function: 1.16 has absolute addresses and the tables of 1.18.
        byte[] table = new byte[256];
        void Put(int at, long value) => BitConverter.TryWriteBytes(table.AsSpan(at), value);
        new byte[] { 0xFA, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8 }.CopyTo(table, 0);
        Put(8, 1);
        Put(16, 0);
        Put(24, 64);
        Put(32, 80);
        Put(40, 80);
        Put(48, 80);
        Put(56, 88);
        "main.main\0"u8.CopyTo(table.AsSpan(64));
        Put(88, 0x401000);
        Put(96, 24);
        Put(104, 0x401080);
        Put(112, 0x401000);
        using SizeMap map = MapOf(table, 0x401000);
        Assert.Equal(0x80, Code(map, OwnerKind.Member)["main"]);
        Assert.Equal(0x80, Code(map, OwnerKind.Symbol)["main.main"]);
        Assert.Equal(10, MapChecks.Owners(map, ContentKind.Symbols)["main.main"]);
    }

    [Fact]
    public void The_layout_of_Go_1_20_is_read()
    {
        // Header, two functions with addresses relative to the start of the code, records with startLine and function data.
        byte[] table = new byte[320];
        void Put(int at, long value) => BitConverter.TryWriteBytes(table.AsSpan(at), value);
        void Put32(int at, int value) => BitConverter.TryWriteBytes(table.AsSpan(at), value);
        new byte[] { 0xF1, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8 }.CopyTo(table, 0);
        Put(8, 2);
        Put(24, 0x401000);
        Put(32, 72);
        Put(40, 100);
        Put(48, 104);
        Put(56, 112);
        Put(64, 128);
        "main.main\0os.(*File).Read\0"u8.CopyTo(table.AsSpan(72));
        int[] list = [0, 20, 0x80, 72, 0x200];
        for (int i = 0; i < list.Length; i++) Put32(128 + 4 * i, list[i]);
        // Each: 11 words, of which word 7 counts program-counter tables and the last byte function data.
        Put32(148, 0);
        Put32(148 + 4, 0);
        Put32(148 + 16, 1);
        Put32(148 + 28, 1);
        table[148 + 43] = 1;
        Put32(148 + 44, 4);
        Put32(200, 0x80);
        Put32(200 + 4, 10);
        Put32(200 + 16, 8);
        using SizeMap map = MapOf(table, 0x401000);
        Assert.Equal(0x80, Code(map, OwnerKind.Symbol)["main.main"]);
        Assert.Equal(0x180, Code(map, OwnerKind.Type)["File"]);
        Dictionary<string, long> unwind = MapChecks.Owners(map, ContentKind.Unwind);
        // Entry of 8, record of 44 + 4 + 4, line tables from 1 to 8; entry, record of 44, and the line table from 8 to 16.
        Assert.Equal(8 + 52 + 7, unwind["main.main"]);
        Assert.Equal(8 + 44 + 8, unwind["os.(*File).Read"]);
        Assert.Equal(16, MapChecks.Owners(map, ContentKind.Symbols)["os.(*File).Read"]);
    }

    [Theory]
    [InlineData("main.main", "main", "", "main")]
    [InlineData("main.main.func1", "main", "", "main")]
    [InlineData("main.main.func1.2.gowrap1", "main", "", "main")]
    [InlineData("net/http.(*Server).Serve", "net/http", "Server", "Serve")]
    [InlineData("net/http.(*Server).Serve.func2", "net/http", "Server", "Serve")]
    [InlineData("net/http.HandlerFunc.ServeHTTP", "net/http", "HandlerFunc", "ServeHTTP")]
    [InlineData("net/http.(*Server).doKeepAlives-fm", "net/http", "Server", "doKeepAlives")]
    [InlineData("github.com/a/b%2ev2.F", "github.com/a/b.v2", "", "F")]
    [InlineData("gopkg.in/yaml%2ev3.(*parser).parse", "gopkg.in/yaml.v3", "parser", "parse")]
    [InlineData("slices.SortFunc[go.shape.[]net/http.x,go.shape.int]", "slices", "", "SortFunc")]
    [InlineData("sync/atomic.(*Pointer[go.shape.struct { net/http.a int }]).Load", "sync/atomic", "Pointer", "Load")]
    [InlineData("main.Map[...].Get", "main", "Map", "Get")]
    [InlineData("main.init.0", "main", "", "init")]
    [InlineData("main.init", "main", "", "init")]
    [InlineData("main.glob..func1", "main", "", "glob")]
    [InlineData("type..eq.net/http.http2frame", "net/http", "http2frame", "equality")]
    [InlineData("type:.hash.[2]interface {}", "runtime", "unnamed types", "hash")]
    [InlineData("_rt0_amd64_linux", "runtime", "", "_rt0_amd64_linux")]
    [InlineData("go:buildid", "runtime", "", "go:buildid")]
    [InlineData("vendor/golang.org/x/net/http2/hpack.(*Decoder).Write", "vendor/golang.org/x/net/http2/hpack", "Decoder", "Write")]
    [InlineData("", "runtime", "", "")]
    [InlineData("a.(", "a", "", "init")]
    [InlineData("a.(*T)", "a", "T", "init")]
    public void Names_are_taken_apart(string name, string package, string type, string member) =>
        Assert.Equal(new GoName(package, type, member), GoName.Parse(name));

    [Fact]
    public void Damage_never_ends_the_run()
    {
        byte[] table = File.ReadAllBytes(NativeSamples.Go("hello.go", "linux", "amd64", "-ldflags=-s -w"));
        MapChecks.Survives(table, 1, 40);
        using FileView view = FileView.FromBytes(table, "file");
        ElfFile elf = ElfFile.Parse(view.Bytes);
        byte[] small = elf.Content(".gopclntab"u8).Slice(0, 60_000).Span().ToArray();
        MapChecks.Survives(small, 2, 400, bytes => MapOf(bytes, 0x401000));
    }

    private static SizeMap MapOf(byte[] table, ulong text) => MapChecks.Map(Elf(table, text));

    private static GoImage ElfAround(byte[] table, ulong text, out FileView view)
    {
        view = FileView.FromBytes(Elf(table, text), "file");
        return GoImage.From(ElfFile.Parse(view.Bytes), []);
    }

    // A little ELF: 64 KiB of .text, .gopclntab, section names, section headers.
    private static byte[] Elf(byte[] table, ulong text)
    {
        byte[] names = "\0.text\0.gopclntab\0.shstrtab\0"u8.ToArray();
        int textAt = 64, tableAt = textAt + 0x10000, namesAt = tableAt + table.Length, headersAt = (namesAt + names.Length + 7) & ~7;
        byte[] file = new byte[headersAt + 4 * 64];
        void Put(int at, long value, int size) => BitConverter.GetBytes(value).AsSpan(0, size).CopyTo(file.AsSpan(at));
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(file, 0);
        Put(16, 2, 2);
        Put(18, 62, 2);
        Put(20, 1, 4);
        Put(40, headersAt, 8);
        Put(52, 64, 2);
        Put(58, 64, 2);
        Put(60, 4, 2);
        Put(62, 3, 2);
        table.CopyTo(file, tableAt);
        names.CopyTo(file, namesAt);
        void Section(int index, int name, int type, int flags, ulong address, int offset, int size)
        {
            int at = headersAt + index * 64;
            Put(at, name, 4);
            Put(at + 4, type, 4);
            Put(at + 8, flags, 8);
            Put(at + 16, (long)address, 8);
            Put(at + 24, offset, 8);
            Put(at + 32, size, 8);
        }
        Section(1, 1, 1, 6, text, textAt, 0x10000);
        Section(2, 7, 1, 2, text + 0x1000000, tableAt, table.Length);
        Section(3, 18, 3, 0, 0, namesAt, names.Length);
        return file;
    }

    [GeneratedRegex("""^ *[0-9a-f]+ +(\d+) (\S) (.+?)\r?$""", RegexOptions.Multiline)]
    private static partial Regex NmLine();
}
