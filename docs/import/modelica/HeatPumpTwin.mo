within ;
package HeatPumpTwin "Frame for the heat pump's FMU in Modelica, with a building as its partner"

  connector RealInput = input Real "As Modelica.Blocks.Interfaces.RealInput, to which it connects";
  connector RealOutput = output Real "As Modelica.Blocks.Interfaces.RealOutput";
  connector BooleanInput = input Boolean "As Modelica.Blocks.Interfaces.BooleanInput";
  connector IntegerOutput = output Integer "As Modelica.Blocks.Interfaces.IntegerOutput";

  partial block HeatPumpInterface
    "Inputs and outputs of the FMU, by the same names: what a tool makes of the FMU fits in its place"
    RealInput compressor_speed(unit="1") "Compressor speed relative to rated speed; 0 is off";
    RealInput T_source_in(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Source medium temperature at the evaporator inlet";
    RealInput T_sink_in(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Sink medium temperature at the condenser inlet";
    RealInput m_flow_source(unit="kg/s") "Mass flow of the source medium through the evaporator";
    RealInput m_flow_sink(unit="kg/s") "Mass flow of the sink medium through the condenser";
    RealInput Q_flow_sink_set(unit="W") "Heat flow to the sink that is asked for, with control = heat_flow";
    RealInput T_sink_out_set(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Sink outlet temperature that is asked for, with control = supply_temperature";
    BooleanInput reset_totals "Energies, starts and run time count from where it becomes true";
    RealInput phi_source(unit="1") "Relative humidity of the source's air over liquid water, with frost = estimated";
    RealOutput P_el(unit="W") "Electric power taken";
    RealOutput Q_flow_sink(unit="W") "Heat flow given to the sink";
    RealOutput Q_flow_source(unit="W") "Heat flow taken from the source";
    RealOutput Q_flow_loss(unit="W") "Heat flow to the surroundings: P_el + Q_flow_source - Q_flow_sink";
    RealOutput COP(unit="1") "Q_flow_sink / P_el; 0 when off";
    RealOutput T_source_out(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Source medium temperature at the evaporator outlet";
    RealOutput T_sink_out(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Sink medium temperature at the condenser outlet";
    RealOutput m_flow_refrigerant(unit="kg/s") "Mass flow of the refrigerant";
    RealOutput p_low(unit="Pa") "Absolute pressure of the refrigerant at compressor suction";
    RealOutput p_high(unit="Pa") "Absolute pressure of the refrigerant at compressor discharge";
    RealOutput T_suction(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Refrigerant temperature before the compressor";
    RealOutput T_discharge(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Refrigerant temperature after the compressor";
    RealOutput T_liquid(quantity="ThermodynamicTemperature", unit="K", displayUnit="degC") "Refrigerant temperature before the expansion valve";
    RealOutput superheat(unit="K") "T_suction less the dew temperature at p_low";
    RealOutput subcooling(unit="K") "Bubble temperature at p_high less T_liquid";
    RealOutput h_suction(unit="J/kg") "Specific enthalpy of the refrigerant before the compressor";
    RealOutput h_discharge(unit="J/kg") "Specific enthalpy of the refrigerant after the compressor";
    RealOutput h_liquid(unit="J/kg") "Specific enthalpy of the refrigerant before the expansion valve";
    RealOutput speed_used(unit="1") "Compressor speed that control has found, relative to rated speed; 0 is off";
    RealOutput Q_flow_stored(unit="W") "Heat flow into metal and liquid: P_el + Q_flow_source - Q_flow_sink - Q_flow_loss";
    RealOutput Q_flow_unmet(unit="W") "Heat flow that is asked for beyond what the machine gives; 0 with control = speed";
    RealOutput E_el(unit="J") "Integral of P_el";
    RealOutput E_sink(unit="J") "Integral of Q_flow_sink";
    RealOutput E_source(unit="J") "Integral of Q_flow_source";
    RealOutput E_loss(unit="J") "Integral of Q_flow_loss";
    RealOutput E_stored(unit="J") "Integral of Q_flow_stored";
    RealOutput E_unmet(unit="J") "Integral of Q_flow_unmet";
    RealOutput starts(unit="1") "Starts of each unit";
    RealOutput run_time(unit="s") "Time on of each unit";
    RealOutput frost_factor(unit="1") "Mean heat to the sink over frost and defrost, over that of the clean coil; 1 is none";
    IntegerOutput operating_status "0 off, 1 inside the envelope, 2 moved to the envelope, 3 solve failed and last result held, 4 input rejected and last result held";
  end HeatPumpInterface;

  block StandIn
    "Takes the FMU's place where a tool has not imported it yet: gives the heat that is asked for up to its rated heat, at a share of Carnot's COP, and is steady"
    extends HeatPumpInterface;
    parameter Real Q_flow_rated(unit="W") = 5200 "Heat given to the sink at rated speed";
    parameter Real share = 0.5 "Of Carnot's COP";
    parameter Real cp(unit="J/(kg.K)") = 4180 "Of both streams";
  initial equation
    E_el = 0;
    E_sink = 0;
    E_source = 0;
    E_unmet = 0;
    run_time = 0;
  equation
    Q_flow_sink = min(Q_flow_rated, max(0.0, Q_flow_sink_set));
    Q_flow_unmet = Q_flow_sink_set - Q_flow_sink;
    speed_used = Q_flow_sink/Q_flow_rated;
    COP = share*T_sink_out/(T_sink_out - T_source_out + 10);
    P_el = Q_flow_sink/COP;
    Q_flow_loss = 0;
    P_el + Q_flow_source = Q_flow_sink + Q_flow_loss;
    Q_flow_sink = m_flow_sink*cp*(T_sink_out - T_sink_in);
    T_source_out = T_source_in - 3;
    // Nothing of the refrigerant is known to it.
    m_flow_refrigerant = 0;
    p_low = 1e6;
    p_high = 2.5e6;
    T_suction = T_source_out;
    T_discharge = T_sink_out;
    T_liquid = T_sink_out;
    superheat = 0;
    subcooling = 0;
    h_suction = 0;
    h_discharge = 0;
    h_liquid = 0;
    // It keeps no heat, knows no least speed, and counts without a reset.
    Q_flow_stored = 0;
    E_loss = 0;
    E_stored = 0;
    starts = 0;
    frost_factor = 1;
    der(E_el) = P_el;
    der(E_sink) = Q_flow_sink;
    der(E_source) = Q_flow_source;
    der(E_unmet) = Q_flow_unmet;
    der(run_time) = if Q_flow_sink > 0 then 1 else 0;
    operating_status = 1;
  end StandIn;

  block Building
    "Floor heating and room with their weather; the equations of docs/import/ssp/building/building.c"
    parameter Real C_floor(unit="J/K") = 1e7 "Heat capacity of the floor";
    parameter Real C_room(unit="J/K") = 8e6 "Heat capacity of the room";
    parameter Real UA_floor(unit="W/K") = 700 "Conductance from floor to room";
    parameter Real UA_outside(unit="W/K") = 160 "Conductance from room to outside";
    parameter Real gains(unit="W") = 500 "Heat of people and devices";
    parameter Real T_outside_mean(unit="K", displayUnit="degC") = 282.65 "Mean of the year outside";
    parameter Real T_outside_year_amplitude(unit="K") = 9.5 "Swing of the year outside, coldest on January 20";
    parameter Real T_outside_day_amplitude(unit="K") = 4 "Swing of a day outside, warmest at 15 h";
    parameter Real T_outside_spell_amplitude(unit="K") = 3.5 "Swing of spells of 9.3 days outside";
    parameter Real T_outside_long_spell_amplitude(unit="K") = 2 "Swing of spells of 23.7 days outside";
    parameter Real T_brine_mean(unit="K", displayUnit="degC") = 281.15 "Mean of the year of the brine";
    parameter Real T_brine_amplitude(unit="K") = 4 "Swing of the year of the brine, coldest on March 1";
    parameter Real T_set(unit="K", displayUnit="degC") = 294.15 "Room temperature that is wanted";
    parameter Real gain(unit="W/K") = 500 "Heat asked for per kelvin below T_set";
    parameter Real tolerated(unit="K") = 1 "The room is uncomfortable where it is colder than T_set by more than this";
    parameter Real first_day(unit="d") = 0 "Day at time 0, counted from New Year";
    parameter Real flow_brine(unit="kg/s") = 0.38 "Mass flow of the brine";
    parameter Real flow_water(unit="kg/s") = 0.27 "Mass flow of the heating water";
    parameter Real T_room_start(unit="K", displayUnit="degC") = T_set "Room at the start";
    parameter Real T_floor_start(unit="K", displayUnit="degC") =
      T_set + max(0.0, UA_outside*(T_set - T_outside_start) - gains)/UA_floor
      "Floor at the start: what keeps the room at its set-point in the weather of time 0";
    RealInput Q_flow_heating(unit="W") "Heat flow into the floor";
    RealOutput Q_flow_sink_set(unit="W") "Asked of the heat pump, by what the house loses and by the room temperature";
    RealOutput T_source_in(unit="K", displayUnit="degC") "Brine from the ground";
    RealOutput T_sink_in(unit="K", displayUnit="degC") "Water that returns from the floor";
    RealOutput m_flow_source(unit="kg/s") "Mass flow of the brine";
    RealOutput m_flow_sink(unit="kg/s") "Mass flow of the heating water";
    Real T_floor(unit="K", displayUnit="degC") "Temperature of the floor";
    Real T_room(unit="K", displayUnit="degC") "Temperature of the room";
    Real T_outside(unit="K", displayUnit="degC") "Temperature outside";
    Real Q_flow_wanted(unit="W") "As Q_flow_sink_set, and negative where the house is too warm";
    Real E_heating(unit="J") "Heat received since the start";
    Real E_loss(unit="J") "Heat lost to the outside since the start";
    Real E_gains(unit="J") "Heat of people and devices since the start";
    Real E_stored(unit="J") "Heat stored in floor and room since the start";
    Real discomfort(unit="K.h") "Integral of how far the room is colder than T_set less tolerated";
  protected
    constant Real pi = 3.14159265358979323846;
    parameter Real T_outside_start =
      T_outside_mean
      + T_outside_year_amplitude*cos(2*pi*(first_day - 202.5)/365)
      + T_outside_day_amplitude*cos(2*pi*(first_day - 0.625))
      + T_outside_spell_amplitude*cos(2*pi*(first_day - 6)/9.3)
      + T_outside_long_spell_amplitude*cos(2*pi*(first_day - 14)/23.7);
    Real day(unit="d") "Since New Year";
  initial equation
    T_floor = T_floor_start;
    T_room = T_room_start;
    E_heating = 0;
    E_loss = 0;
    E_gains = 0;
    discomfort = 0;
  equation
    day = first_day + time/86400;
    T_outside =
      T_outside_mean
      + T_outside_year_amplitude*cos(2*pi*(day - 202.5)/365)
      + T_outside_day_amplitude*cos(2*pi*(day - 0.625))
      + T_outside_spell_amplitude*cos(2*pi*(day - 6)/9.3)
      + T_outside_long_spell_amplitude*cos(2*pi*(day - 14)/23.7);
    C_floor*der(T_floor) = Q_flow_heating - UA_floor*(T_floor - T_room);
    C_room*der(T_room) = UA_floor*(T_floor - T_room) - UA_outside*(T_room - T_outside) + gains;
    der(E_heating) = Q_flow_heating;
    der(E_loss) = UA_outside*(T_room - T_outside);
    der(E_gains) = gains;
    E_stored = C_floor*(T_floor - T_floor_start) + C_room*(T_room - T_room_start);
    der(discomfort) = max(0.0, T_set - tolerated - T_room)/3600;
    Q_flow_wanted = UA_outside*(T_set - T_outside) - gains + gain*(T_set - T_room);
    Q_flow_sink_set = max(0.0, Q_flow_wanted);
    T_source_in = T_brine_mean - T_brine_amplitude*cos(2*pi*(day - 59)/365);
    T_sink_in = T_floor;
    m_flow_source = flow_brine;
    m_flow_sink = flow_water;
  end Building;

  model House
    "Heat pump and building; redeclare HeatPump by the imported FMU with control = heat_flow"
    replaceable model HeatPump = StandIn constrainedby HeatPumpInterface;
    HeatPump heatPump;
    Building building;
  equation
    // Not followed with control = heat_flow.
    heatPump.compressor_speed = 0;
    heatPump.T_sink_out_set = heatPump.T_sink_in;
    heatPump.reset_totals = false;
    // The default of frost_reference_humidity; a machine file may state another.
    heatPump.phi_source = 0.84;
    connect(building.Q_flow_sink_set, heatPump.Q_flow_sink_set);
    connect(building.T_source_in, heatPump.T_source_in);
    connect(building.T_sink_in, heatPump.T_sink_in);
    connect(building.m_flow_source, heatPump.m_flow_source);
    connect(building.m_flow_sink, heatPump.m_flow_sink);
    connect(heatPump.Q_flow_sink, building.Q_flow_heating);
    annotation (experiment(StopTime=86400, Interval=300));
  end House;

  model BuildingOverAStep "The building with a heat flow that is held, as over a step of co-simulation"
    parameter Real Q_flow_held(unit="W") = 4000 "The heat flow";
    Building building;
  equation
    building.Q_flow_heating = Q_flow_held;
  end BuildingOverAStep;

end HeatPumpTwin;
