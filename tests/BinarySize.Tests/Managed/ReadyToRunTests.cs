using System.Diagnostics.Tracing;
using System.Globalization;
using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using BinarySize.Mapping;
using BinarySize.Tests.Pe;

namespace BinarySize.Tests.Managed;

public class ReadyToRunTests
{
    private readonly record struct EntryPoint(string Type, string Method, ulong Address);

    /// <summary>The runtime says which method it found precompiled at which address.</summary>
    private sealed class Listener : EventListener
    {
        private readonly List<EntryPoint> _found = [];

        protected override void OnEventSourceCreated(EventSource source)
        {
            // CompilationDiagnostic keyword: R2RGetEntryPoint.
            if (source.Name == "Microsoft-Windows-DotNETRuntime") EnableEvents(source, EventLevel.Verbose, (EventKeywords)0x20_0000_0000);
        }

        protected override void OnEventWritten(EventWrittenEventArgs e)
        {
            if (e.EventName?.StartsWith("R2RGetEntryPoint", StringComparison.Ordinal) != true || e.EventName.Contains("Start", StringComparison.Ordinal)) return;
            lock (_found) _found.Add(new EntryPoint((string)e.Payload![1]!, (string)e.Payload[2]!, Convert.ToUInt64(e.Payload[4], CultureInfo.InvariantCulture)));
        }

        public EntryPoint[] Found()
        {
            lock (_found) return [.. _found];
        }
    }

    [Fact]
    public void The_runtime_finds_each_precompiled_method_where_the_map_has_it()
    {
        EntryPoint[] found;
        using (var listener = new Listener())
        {
            // Something of everything that nothing has used before, so that the runtime looks it up now.
            XDocument document = XDocument.Parse("<a xmlns:x='urn:x'><b x:c='1'>text</b><!-- c --><d/></a>");
            _ = document.Descendants().GroupBy(e => e.Name.Namespace).ToDictionary(g => g.Key, g => g.Count()).ToString();
            _ = JsonNode.Parse("""{"a": [1, 2.5, "x", null, true], "b": {"c": []}}""")!.ToJsonString();
            _ = new SortedDictionary<DateTime, decimal> { [DateTime.UnixEpoch] = 1.5m, [DateTime.MaxValue] = decimal.MaxValue }.Keys.Max().ToString("R", CultureInfo.InvariantCulture);
            _ = System.Numerics.BigInteger.Pow(12345, 67).ToString(CultureInfo.InvariantCulture);
            for (int i = 0; i < 100 && listener.Found().Length < 200; i++) Thread.Sleep(20);
            found = listener.Found();
        }
        // How many are left to be looked up depends on what other tests have used before.
        Assert.True(found.Length > 30, $"{found.Length} events");

        var images = new List<(ulong Start, ulong End, long Offset, string Path)>();
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 6 || !words[5].EndsWith(".dll", StringComparison.Ordinal)) continue;
            string[] range = words[0].Split('-');
            images.Add((ulong.Parse(range[0], NumberStyles.HexNumber), ulong.Parse(range[1], NumberStyles.HexNumber), long.Parse(words[2], NumberStyles.HexNumber), words[5]));
        }
        int compared = 0, instantiated = 0;
        foreach (IGrouping<string, EntryPoint> group in found.GroupBy(e => images.Find(i => e.Address >= i.Start && e.Address < i.End).Path).Where(g => g.Key is not null))
        {
            using SizeMap map = PeSamples.Map(group.Key);
            long[] starts = map.Slices.ToArray().Select(s => s.Start).ToArray();
            foreach (EntryPoint entry in group)
            {
                (ulong start, _, long first, _) = images.Find(i => entry.Address >= i.Start && entry.Address < i.End);
                long offset = (long)(entry.Address - start) + first;
                int at = Array.BinarySearch(starts, offset);
                Slice slice = map.Slices[at < 0 ? ~at - 1 : at];
                Assert.Equal(ContentKind.Code, slice.Content);
                string owner = ManagedReaderTests.FullName(map, slice.Owner);
                if (owner.Contains("/generic instantiations", StringComparison.Ordinal))
                {
                    // Code of another assembly's generic type; named where a reference to it stands in this one.
                    if (!owner.EndsWith("/generic instantiations", StringComparison.Ordinal)) Assert.EndsWith("." + entry.Method, owner, StringComparison.Ordinal);
                    instantiated++;
                    continue;
                }
                // Owner: assembly/namespace/Outer+Inner/member; the runtime: namespace.Outer+Inner, with its arguments in brackets.
                string[] words = owner.Split('/');
                string type = words.Length == 4 ? words[1] + "." + words[2] : words[1];
                int arguments = entry.Type.IndexOf('[', StringComparison.Ordinal);
                Assert.Equal((arguments < 0 ? entry.Type : entry.Type[..arguments], entry.Method), (type, words[^1]));
                compared++;
            }
        }
        Assert.True(compared > 25, $"{compared} compared, {instantiated} instantiated");
    }

    [Theory]
    [InlineData("System.Private.CoreLib.dll")]
    [InlineData("System.Text.Json.dll")]
    [InlineData("System.Collections.dll")]
    public void Every_runtime_function_has_code_and_a_row_and_an_owner(string name)
    {
        string path = Path.Combine(PeSamples.Windows, name);
        using var pe = new PEReader(File.OpenRead(path));
        // For Windows the runtime functions are the exception directory too, without the row that closes them.
        DirectoryEntry directory = pe.PEHeaders.PEHeader!.ExceptionTableDirectory;
        System.Reflection.Metadata.BlobReader rows = pe.GetSectionData(directory.RelativeVirtualAddress).GetReader(0, directory.Size);
        long code = 0, count = 0;
        for (uint begin; rows.RemainingBytes >= 12 && (begin = rows.ReadUInt32()) != uint.MaxValue; count++)
        {
            code += rows.ReadUInt32() - begin;
            rows.ReadUInt32();
        }
        using SizeMap map = PeSamples.Map(path);
        Dictionary<string, long> byRow = ManagedReaderTests.OwnersIn(map, "exception directory"), byCode = ManagedReaderTests.OwnersIn(map, "native code");
        string assembly = Path.GetFileNameWithoutExtension(name);
        byRow.Remove(assembly);
        byCode.Remove(assembly);
        Assert.Equal(count * 12, byRow.Values.Sum());
        Assert.Equal(code, byCode.Values.Sum());
        Assert.True(count > 500);
    }
}
