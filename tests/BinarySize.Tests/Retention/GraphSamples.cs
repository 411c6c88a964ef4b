using System.Runtime.CompilerServices;
using System.Text;
using BinarySize.Mapping;
using BinarySize.Retention;

namespace BinarySize.Tests.Retention;

/// <summary>Graphs that the real compiler and trimmer wrote, and graphs written by hand.</summary>
internal static class GraphSamples
{
    private static readonly Lazy<(string Graph, string Publish)>
        s_full = new(() => Aot($"-p:CustomAfterMicrosoftCommonTargets={Path.Combine(Here(), "full-graph.targets")}")),
        s_trimmed = new(() => Published("linked/linker-dependencies.xml", "-p:PublishTrimmed=true", "-p:SelfContained=true", "-p:_TrimmerDumpDependencies=true"));

    /// <summary>The scanner's graph of hello with all reasons, and hello.</summary>
    public static (string Graph, string Publish) Full => s_full.Value;

    /// <summary>The trimmer's dump of hello, and hello.</summary>
    public static (string Graph, string Publish) Trimmed => s_trimmed.Value;

    /// <summary>The oracle's answer.</summary>
    public static string[] Oracle(string question, string graph, string input = "")
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, input);
            return Tool.Run("bash", "-c", "python3 \"$1\" \"$2\" \"$3\" < \"$4\"", "oracle", Path.Combine(Here(), "oracle.py"), question, graph, file).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public static DependencyGraph Read(string path)
    {
        var warnings = new List<MapWarning>();
        DependencyGraph? graph = GraphReader.TryRead(path, warnings);
        Assert.Empty(warnings);
        return graph!;
    }

    public static (DependencyGraph? Graph, string Warning) Parse(byte[] bytes)
    {
        var warnings = new List<MapWarning>();
        DependencyGraph? graph = GraphReader.TryRead(new MemoryStream(bytes), bytes.Length, "g", warnings);
        Assert.Equal(graph is null ? 1 : 0, warnings.Count);
        return (graph, warnings.Count > 0 ? warnings[0].Message : "");
    }

    /// <summary>"0>1 2>3:Primary": a graph of so many nodes, called n0, n1, …</summary>
    public static byte[] Dgml(int nodes, string edges)
    {
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DirectedGraph xmlns=\"http://schemas.microsoft.com/vs/2009/dgml\">\n <Nodes>\n");
        for (int i = 0; i < nodes; i++) text.Append($"  <Node Id=\"{i}\" Label=\"n{i}\" />\n");
        text.Append(" </Nodes>\n <Links>\n");
        foreach (string edge in edges.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = edge.Split('>', ':');
            text.Append($"  <Link Source=\"{parts[0]}\" Target=\"{parts[1]}\" Reason=\"{(parts.Length > 2 ? parts[2] : "reloc")}\" Stroke=\"#FF0000\" />\n");
        }
        return Encoding.UTF8.GetBytes(text.Append(" </Links>\n <Properties>\n  <Property Id=\"Label\" Label=\"Label\" DataType=\"String\" />\n </Properties>\n</DirectedGraph>").ToString());
    }

    private static (string, string) Aot(params string[] arguments) =>
        Published("native/hello.scan.dgml.xml", ["-p:PublishAot=true", "-p:IlcGenerateMstatFile=true", "-p:IlcGenerateDgmlFile=true", .. arguments]);

    private static (string, string) Published(string graph, params string[] arguments)
    {
        string publish = Samples.Publish("hello", arguments);
        return (Path.GetFullPath(Path.Combine(publish, "..", "obj", "Release", "net9.0", "linux-x64", graph)), publish);
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
