using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using BinarySize.Tests.Bundle;
using BinarySize.Tests.Managed;
using BinarySize.Tests.NativeAot;
using BinarySize.Tests.Pe;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Bounds;

/// <summary>A good file of about a megabyte for each reader, with the files beside it that the reader looks for.</summary>
/// <param name="Files">Names and contents; the first is the one to measure. A name may lie in folders.</param>
internal sealed record HostileSample(IReadOnlyList<(string Name, byte[] Content)> Files)
{
    public static readonly string[] Kinds =
    [
        "elf", "elf-symbols", "elf-object", "pe", "pe-pdb", "coff", "macho", "macho-dsym", "wasm", "webcil", "managed", "ready-to-run",
        "bundle", "zip", "tar", "gzip", "ar", "oci", "native-aot", "go",
    ];

    public static HostileSample Get(string kind) => kind switch
    {
        "elf" => One("/lib/x86_64-linux-gnu/libm.so.6"),
        "elf-symbols" => One(Path.Combine(Functions, "functions.so")),
        "elf-object" => One(Path.Combine(Functions, "functions.o")),
        "pe" => One(Path.Combine(PeSamples.Windows, "System.IO.Compression.Native.dll")),
        "pe-pdb" => Beside("functions.dll", "functions.pdb"),
        "coff" => One(Path.Combine(Functions, "functions.obj")),
        "macho" => One(NativeSamples.Package("SQLitePCLRaw.lib.e_sqlite3", "2.0.6", "runtimes/osx-arm64/native/libe_sqlite3.dylib")),
        "macho-dsym" => Beside("functions.dylib", "functions.dylib.dSYM/Contents/Resources/DWARF/functions.dylib"),
        "wasm" => One(Path.Combine(Functions, "functions.wasm")),
        "webcil" => new([("a.wasm", WebcilTests.Convert(Path.Combine(PeSamples.Windows, "System.Linq.dll"), 0))]),
        "managed" => One(Path.Combine(AppContext.BaseDirectory, "xunit.v3.core.dll")),
        "ready-to-run" => One(Path.Combine(PeSamples.Windows, "System.Linq.dll")),
        "bundle" => new([("app", SmallBundle.Make(6))]),
        "zip" => new([("a.zip", Zip())]),
        "tar" => new([("a.tar", Tar())]),
        "gzip" => new([("a.tar.gz", Gzip(Tar()))]),
        "ar" => One(Path.Combine(Functions, "functions.a")),
        "oci" => new([("image.tar", Image())]),
        "native-aot" => Aot(),
        "go" => One(NativeSamples.Go("hello.go", "linux", "amd64", "-ldflags=-s -w")),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown"),
    };

    private static HostileSample One(string path) => new([(Path.GetFileName(path), File.ReadAllBytes(path))]);

    private static HostileSample Beside(params string[] names) => new([.. names.Select(n => (n, File.ReadAllBytes(Path.Combine(Functions, n))))]);

    private static HostileSample Aot()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        return new([("app", File.ReadAllBytes(sample.Binary)), ("app.dbg", File.ReadAllBytes(sample.Debug)), ("app.mstat", File.ReadAllBytes(sample.Mstat))]);
    }

    // Some thousand functions with long names that refer to each other, for every linker.
    private static string Functions { get; } = Samples.Make("hostile-functions", [], ["1"], static folder =>
    {
        const int count = 3000;
        var text = new StringBuilder("int table[64] = {1, 2, 3};\nint entry(int n) { return n + table[n & 63]; }\n");
        for (int i = 0; i < count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"extern int function_with_a_name_that_takes_its_room_{(i + 7) % count}(int n, int *p);\n");
            text.Append(CultureInfo.InvariantCulture, $"int function_with_a_name_that_takes_its_room_{i}(int n, int *p) {{ return n > {i} ? function_with_a_name_that_takes_its_room_{(i + 7) % count}(n - 1, p) : p[{i & 15}] * table[n & 63]; }}\n");
            text.Append(CultureInfo.InvariantCulture, $"int (*pointer_to_one_{i})(int, int *) = function_with_a_name_that_takes_its_room_{i};\n");
        }
        string Own(string name) => Path.Combine(folder, name);
        File.WriteAllText(Own("functions.c"), text.ToString());
        void Compile(string target, string output, params string[] flags) =>
            Tool.Run("clang", [$"--target={target}", "-O1", "-ffreestanding", "-fno-stack-protector", .. flags, "-c", Own("functions.c"), "-o", Own(output)]);
        Compile("x86_64-linux-gnu", "functions.o", "-fPIC", "-fasynchronous-unwind-tables", "-ffunction-sections");
        Compile("x86_64-linux-gnu", "plain.o", "-fPIC", "-fasynchronous-unwind-tables");
        Tool.Run("ld.lld", "-shared", Own("plain.o"), "-o", Own("functions.so"));
        Tool.Run("ar", "rcs", Own("functions.a"), Own("plain.o"), "/usr/lib/x86_64-linux-gnu/crt1.o", "/usr/lib/x86_64-linux-gnu/crti.o");
        Compile("x86_64-pc-windows-msvc", "functions.obj", "-g", "-gcodeview", "-mno-stack-arg-probe", "-fasynchronous-unwind-tables");
        Tool.Run("lld-link", "/dll", "/nodefaultlib", "/entry:entry", "/debug", "/out:" + Own("functions.dll"), Own("functions.obj"));
        Compile("arm64-apple-macos11", "mach.o", "-g1");
        Tool.Run("ld64.lld-14", "-arch", "arm64", "-platform_version", "macos", "11.0", "11.0", "-dylib", "-undefined", "dynamic_lookup", Own("mach.o"), "-o", Own("functions.dylib"));
        Tool.Run("dsymutil", Own("functions.dylib"));
        Compile("wasm32", "wasm.o", "-ffunction-sections");
        Tool.Run("wasm-ld", "--no-entry", "--export-all", Own("wasm.o"), "-o", Own("functions.wasm"));
    });

    // What archives are filled with: formats that are looked into.
    private static IEnumerable<(string Name, byte[] Content)> Entries()
    {
        yield return ("lib/hello.dll", File.ReadAllBytes(Path.Combine(PeSamples.Windows, "hello.dll")));
        yield return ("lib/System.Collections.dll", File.ReadAllBytes(Path.Combine(PeSamples.Windows, "System.Collections.dll")));
        yield return ("bin/true", File.ReadAllBytes("/bin/true"));
        yield return ("bin/functions.so", File.ReadAllBytes(Path.Combine(Functions, "functions.so")));
        for (int i = 0; i < 200; i++) yield return ($"content/{i}/a file with a name.txt", Encoding.UTF8.GetBytes(new string((char)('a' + i % 26), i * 7)));
    }

    private static byte[] Zip()
    {
        byte[] inner = Pack([("inner/true", File.ReadAllBytes("/bin/true"))]);
        return Pack([.. Entries(), ("inner.zip", inner)]);
        static byte[] Pack(IEnumerable<(string Name, byte[] Content)> entries)
        {
            var stream = new MemoryStream();
            using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach ((string name, byte[] content) in entries)
                {
                    using Stream entry = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
                    entry.Write(content);
                }
            }
            return stream.ToArray();
        }
    }

    private static byte[] Tar() => Tar(Entries());

    private static byte[] Tar(IEnumerable<(string Name, byte[] Content)> entries)
    {
        var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries) tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
        }
        return stream.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(content);
        return stream.ToArray();
    }

    // An OCI layout with two layers, of which the second hides files of the first.
    private static byte[] Image()
    {
        var blobs = new List<(string Name, byte[] Content)>();
        string Add(byte[] content, string media)
        {
            string digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
            blobs.Add(("blobs/sha256/" + digest, content));
            return $$"""{"mediaType":"{{media}}","digest":"sha256:{{digest}}","size":{{content.Length}}}""";
        }
        string config = Add("{}"u8.ToArray(), "application/vnd.oci.image.config.v1+json");
        string first = Add(Gzip(Tar()), "application/vnd.oci.image.layer.v1.tar+gzip");
        string second = Add(Gzip(Tar([("bin/.wh.true", []), ("lib/hello.dll", "changed"u8.ToArray())])), "application/vnd.oci.image.layer.v1.tar+gzip");
        string manifest = Add(Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{{config}},"layers":[{{first}},{{second}}]}"""), "application/vnd.oci.image.manifest.v1+json");
        return Tar([("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray()), ("index.json", Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[{{manifest}}]}""")), .. blobs]);
    }
}
