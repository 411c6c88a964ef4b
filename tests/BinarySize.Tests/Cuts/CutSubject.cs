// What the tests of cuts cut and look for: this assembly is the library, and the app.
#pragma warning disable CA1822, CA1812, CA1852, CS0649, CA1002, CA1814, CA1045, CA1052, IDE0060

namespace BinarySize.Tests.Cuts.Subject;

internal enum Color
{
    Red = 3,
    Green = 7,
}

internal enum Small : byte
{
    One = 1,
}

internal struct Pair
{
    public int A;
}

internal class Library<TKey>
{
    public class Inner
    {
        public bool Has(List<TKey> keys, Dictionary<string, Inner>.Enumerator at) => keys.Count > 0 && at.Current.Value is null;
    }

    public int Count<TOther>(TKey key, TOther[] others, ref int total) => others.Length + total + (key is null ? 0 : 1);

    public virtual string Name() => "name";

    public void Put() => Console.Out.Flush();

    public void Put(TKey key) => Console.Out.Write(key);
}

internal class Things
{
    public static bool IsOn => Environment.ProcessId > 0;

    public static Color Hue() => Color.Green;

    public static Small Size() => Small.One;

    public static long Long() => 1;

    public static Pair Both() => default;

    public static int Grid(int[,] cells) => cells.Length;

    public static ref readonly int First(in int value) => ref value;

    public static unsafe int Pointer(int* at, delegate*<int, void> call) => at == null || call == null ? 0 : 1;

    public static bool TryOut(out int value)
    {
        value = 1;
        return true;
    }

    public static void Run() => Console.Out.Flush();

    public static void Run(string text) => Console.Out.Write(text);
}

internal abstract class Shape
{
    public abstract void Draw();

    public virtual void Paint() => Console.Out.Flush();
}

internal sealed class User : Shape
{
    public override void Draw() => Things.Run();

    public override void Paint() => base.Paint();

    public Func<string> Delegate() => new Library<int>().Name;

    public async Task<int> LaterAsync()
    {
        await Task.Yield();
        Things.Run();
        int total = 0;
        return new Library<string>().Count("", [1], ref total);
    }
}
