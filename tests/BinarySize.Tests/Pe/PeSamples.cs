using System.Runtime.CompilerServices;
using BinarySize.Formats;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Pe;

/// <summary>PE files of different origin: Microsoft's linker, LLVM's linker with and without symbols, crossgen, the C# compiler.</summary>
internal static class PeSamples
{
    private const string Native = """
        int table[64] = {1, 2, 3};
        static const char text[] = "a text that is kept in read-only data";
        __attribute__((noinline)) static int helper(int n, int *p) { int s = 0; for (int i = 0; i < n; i++) s += p[i] * i + table[(i * 7) & 63]; return s; }
        __attribute__((noinline)) int big(int n, int *p) { int local[300]; for (int i = 0; i < 300; i++) local[i] = helper(i % n, p) ^ n; return helper(n, local); }
        __declspec(dllexport) int exported(int n) { int a[8] = {n, 2, 3}; return big(n, a) + text[n & 7]; }
        __declspec(dllexport) int exported_data = 42;
        int entry(void) { return exported(3); }
        """;

    /// <summary>A self-contained folder for win-x64: native DLLs of the runtime, an apphost, ReadyToRun and IL assemblies.</summary>
    public static string Windows { get; } = Path.Combine(Samples.Make("hello-win", [Path.Combine(Samples.Root, "tests", "apps", "hello", "hello.csproj")], ["win-x64", "self-contained"], static folder =>
    {
        string apps = Path.Combine(Samples.Root, "tests", "apps");
        foreach (string file in Directory.GetFiles(apps).Concat(Directory.GetFiles(Path.Combine(apps, "hello")))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        Tool.Run("dotnet", "publish", Path.Combine(folder, "hello.csproj"), "-c", "Release", "-r", "win-x64", "--self-contained", "-o", Path.Combine(folder, "publish"), "--nologo");
    }), "publish");

    /// <summary>An object file, a DLL with a PDB, one with a COFF symbol table, one without symbols, for x64, ARM64 and x86.</summary>
    public static string Linked { get; } = Samples.Make("pe-linked", [Here()], ["4"], static folder =>
    {
        File.WriteAllText(Path.Combine(folder, "a.c"), Native);
        foreach ((string arch, string triple) in new[] { ("x64", "x86_64"), ("arm64", "aarch64"), ("x86", "i686") })
        {
            string obj = Path.Combine(folder, arch + ".obj"), entry = "/entry:entry";
            Tool.Run("clang", $"--target={triple}-pc-windows-msvc", "-O1", "-g", "-gcodeview", "-ffreestanding", "-fno-stack-protector", "-mno-stack-arg-probe", "-fasynchronous-unwind-tables", "-c", Path.Combine(folder, "a.c"), "-o", obj);
            Tool.Run("lld-link", "/dll", "/nodefaultlib", entry, "/safeseh:no", "/debug", "/out:" + Path.Combine(folder, arch + ".dll"), obj);
            Tool.Run("lld-link", "/dll", "/nodefaultlib", entry, "/safeseh:no", "/debug:symtab", "/out:" + Path.Combine(folder, arch + "-symtab.dll"), obj);
            Tool.Run("lld-link", "/dll", "/nodefaultlib", entry, "/safeseh:no", "/out:" + Path.Combine(folder, arch + "-stripped.dll"), obj);
        }
    });

    /// <summary>The folder of the running shared framework: ReadyToRun assemblies.</summary>
    public static string Framework { get; } = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    public static SizeMap Map(string path) => Checked(FormatReader.Map(FileView.Open(path), Path.GetFileName(path)), new FileInfo(path).Length);

    /// <summary>The one promise that each map keeps.</summary>
    public static SizeMap Checked(SizeMap map, long size)
    {
        Assert.Equal(size, map.Size);
        long at = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Assert.Equal(at, map.Slices[i].Start);
            Assert.True(map.LengthOf(i) > 0);
            at += map.LengthOf(i);
        }
        Assert.Equal(size, at);
        return map;
    }

    /// <summary>Bytes of each part with what lies below it.</summary>
    public static long[] PartSizes(SizeMap map)
    {
        var sizes = new long[map.Parts.Length];
        for (int i = 0; i < map.Slices.Length; i++) sizes[map.Slices[i].Part] += map.LengthOf(i);
        for (int i = sizes.Length - 1; i > 0; i--) sizes[map.Parts[i].Parent] += sizes[i];
        return sizes;
    }

    /// <summary>Bytes of all parts with this name, with what lies below them.</summary>
    public static long PartSize(SizeMap map, string name)
    {
        long[] sizes = PartSizes(map);
        long sum = 0;
        for (int i = 0; i < sizes.Length; i++) sum += map.Names.Text(map.Parts[i].Name) == name ? sizes[i] : 0;
        return sum;
    }

    /// <summary>Bytes by full owner name, of one kind of content or of all.</summary>
    public static Dictionary<string, long> OwnerSizes(SizeMap map, ContentKind? content = null)
    {
        var sizes = new Dictionary<string, long>();
        var names = new string[map.Owners.Length];
        names[0] = "";
        for (int i = 1; i < names.Length; i++) names[i] = (map.Owners[i].Parent == 0 ? "" : names[map.Owners[i].Parent] + "/") + map.Names.Text(map.Owners[i].Name);
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            if (content is null || s.Content == content) sizes[names[s.Owner]] = sizes.GetValueOrDefault(names[s.Owner]) + map.LengthOf(i);
        }
        return sizes;
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
