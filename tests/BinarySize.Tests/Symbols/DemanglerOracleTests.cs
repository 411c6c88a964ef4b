using BinarySize.Attribution.Symbols;

namespace BinarySize.Tests.Symbols;

/// <summary>Every mangled name of large real programs, against binutils' c++filt.</summary>
public class DemanglerOracleTests
{
    private static string RustLibrary(string pattern)
    {
        string root = Tool.Run("rustc", "--print", "sysroot").Trim();
        return Directory.GetFiles(Path.Combine(root, "lib"), pattern).Order(StringComparer.Ordinal).First();
    }

    private static string Binary(string name) => name switch
    {
        "node" => File.ResolveLinkTarget("/usr/bin/node", returnFinalTarget: true)?.FullName ?? "/usr/bin/node",
        "rustc_driver" => RustLibrary("librustc_driver-*.so"),
        "LLVM" => RustLibrary("libLLVM.so*"),
        _ => "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    };

    /// <summary>Distinct mangled names of a file's symbol tables, and what c++filt makes of them.</summary>
    internal static (string[] Mangled, string[] Readable) Oracle(string name, string file)
    {
        string folder = Samples.Make("demangled-" + name, [file], [], folder => Tool.Run("sh", "-c",
            $"(nm '{file}' 2>/dev/null; nm -D '{file}' 2>/dev/null) | awk '{{print $NF}}' | sed 's/@.*//' | grep -E '^_(Z|R)' | LC_ALL=C sort -u > '{folder}/names' && c++filt -i < '{folder}/names' > '{folder}/readable'"));
        return (File.ReadAllLines(folder + "/names"), File.ReadAllLines(folder + "/readable"));
    }

    [Theory, InlineData("node"), InlineData("rustc_driver"), InlineData("LLVM"), InlineData("libstdc++")]
    public void Names_read_as_cppfilt_reads_them(string name)
    {
        (string[] mangled, string[] readable) = Oracle(name, Binary(name));
        Assert.Equal(mangled.Length, readable.Length);
        Assert.True(mangled.Length > 4000);
        int agreed = 0, oursOnly = 0, theirsOnly = 0, neither = 0;
        var differences = new List<string>();
        for (int i = 0; i < mangled.Length; i++)
        {
            bool theirs = readable[i] != mangled[i];
            bool ours = Demangler.TryDemangle(System.Text.Encoding.UTF8.GetBytes(mangled[i]), out string text);
            if (ours && theirs && text == readable[i]) agreed++;
            else if (!ours && !theirs) neither++;
            else if (ours && !theirs) oursOnly++;
            else
            {
                if (!ours) theirsOnly++;
                differences.Add($"{mangled[i]}\n  {text}\n  {readable[i]}");
            }
        }
        int judged = mangled.Length - oursOnly - neither;
        double share = (double)agreed / judged;
        string summary = $"{name}: {agreed} of {judged} agree ({share:P3}); only ours {oursOnly}, only theirs {theirsOnly}, neither {neither}";
        File.WriteAllText(Path.Combine(Samples.Root, "artifacts", "test-samples", $"demangled-{name}.differences"), summary + "\n" + string.Join("\n", differences));
        Assert.True(share >= 0.995, summary);
        Assert.True(neither <= mangled.Length / 200, summary);
    }
}
